import { describe, expect, it } from "vitest";

import { lastParameter, nextLink, readPages } from "./paginate.ts";
import type { HttpAnswer } from "./http-client.ts";

const page = new URL("https://reg.example:5000/v2/a/b/tags/list?n=2");
const next = (link: string | undefined): string | undefined => nextLink({ headers: { link } }, page)?.href;

describe("the next page's link", () => {
  it.each([
    ['</v2/a/b/tags/list?last=x&n=2>; rel="next"', "https://reg.example:5000/v2/a/b/tags/list?last=x&n=2"],
    ["<https://reg.example:5000/v2/a/b/tags/list?last=x>; rel=next", "https://reg.example:5000/v2/a/b/tags/list?last=x"],
    ['<list?last=x>; title="a, b; rel=prev" ; REL="prev Next"', "https://reg.example:5000/v2/a/b/tags/list?last=x"],
    ['<?last=x>;rel="next"', "https://reg.example:5000/v2/a/b/tags/list?last=x"],
    ['</first>; rel="first", </second>; rel="next"', "https://reg.example:5000/second"],
    ["</prev>; rel=prev", undefined],
    ["</x>", undefined],
    ["", undefined],
    [undefined, undefined],
    ["no brackets; rel=next", undefined],
  ])("%s", (link, expected) => {
    expect(next(link)).toBe(expected);
  });

  it.each([
    '<https://evil.example/v2/a/b/tags/list>; rel="next"',
    '<http://reg.example:5000/v2/>; rel="next"',
    '<https://reg.example/v2/>; rel="next"',
    '<//evil.example/v2/>; rel="next"',
    '<https://user:pass@reg.example:5000/v2/>; rel="next"',
    "<https://reg.example:99999/>; rel=next",
    "<javascript:alert(1)>; rel=next",
  ])("refuses %s", (link) => {
    expect(() => next(link)).toThrow(expect.objectContaining({ code: "protocol-violation" }));
  });
});

const answer = (link: string | undefined, body: string): HttpAnswer => ({
  status: 200,
  headers: { link },
  url: page,
  bytes: () => Promise.resolve(new TextEncoder().encode(body)),
  stream: () => {
    throw new Error("not used");
  },
  dump: () => Promise.resolve(),
});
async function read(options: Parameters<typeof readPages>[1]): Promise<string[]> {
  const found: string[] = [];
  for await (const bytes of readPages(page, options)) found.push(new TextDecoder().decode(bytes));
  return found;
}

const linked = (url: URL): Promise<HttpAnswer> =>
  Promise.resolve(url.searchParams.has("last") ? answer(undefined, "two") : answer("<?last=one>; rel=next", "one"));
const bare = (url: URL): Promise<HttpAnswer> => Promise.resolve(answer(undefined, url.searchParams.get("last") ?? "a"));
const step = (bytes: Uint8Array, url: URL): URL | undefined => {
  const text = new TextDecoder().decode(bytes);
  return text.length < 3 ? lastParameter(url, `${text}a`) : undefined;
};

describe("pages", () => {
  it("are followed to the last one", async () => {
    expect(await read({ fetch: linked })).toEqual(["one", "two"]);
  });

  it("end where the caller says that there are none", async () => {
    expect(await read({ fetch: () => Promise.resolve(undefined) })).toEqual([]);
  });

  it("go on by `last` where there is no link", async () => {
    expect(await read({ fetch: bare, next: step })).toEqual(["a", "aa", "aaa"]);
  });

  it("that repeat or never end are an error", async () => {
    await expect(read({ fetch: () => Promise.resolve(answer("<?n=2>; rel=next", "again")) })).rejects.toMatchObject({
      code: "protocol-violation",
    });
    let turn = 0;
    const endless = (): Promise<HttpAnswer> => Promise.resolve(answer(`<?last=${(turn += 1)}>; rel=next`, "more"));
    await expect(read({ fetch: endless, pages: 50 })).rejects.toMatchObject({ code: "protocol-violation" });
    expect(turn).toBe(50);
  });
});

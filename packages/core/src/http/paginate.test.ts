import { describe, expect, it } from "vitest";

import { readPages, type PageOptions } from "./paginate.ts";
import type { HttpAnswer } from "./http-client.ts";

const page = new URL("https://reg.example:5000/v2/a/b/tags/list?n=2");
const place = { operation: "list tags", registry: "reg.example:5000", repository: "a/b" };

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
/** Where the walk goes after a first page with that link. */
async function next(link: string | undefined): Promise<string | undefined> {
  const asked: string[] = [];
  const fetch = (url: URL): Promise<HttpAnswer> => Promise.resolve(answer(asked.push(url.href) === 1 ? link : undefined, ""));
  await read({ fetch });
  return asked[1];
}

const parse = (bytes: Uint8Array): string[] => new TextDecoder().decode(bytes).split(" ");

async function read(options: Omit<PageOptions<string>, "place" | "parse">): Promise<string[]> {
  const found: string[] = [];
  for await (const names of readPages(page, { place, parse, ...options })) found.push(...names);
  return found;
}

/** A list without an end: how many pages of so many names are read before that is seen, and what is said of it. */
async function giveUp(namesPerPage: number, options: Partial<PageOptions<string>> = {}): Promise<{ turns: number; error: unknown }> {
  let turns = 0;
  const names = Array.from({ length: namesPerPage }, (_, number) => `n${number}`).join(" ");
  const fetch = (): Promise<HttpAnswer> => Promise.resolve(answer(`<?last=${(turns += 1)}>; rel=next`, names));
  const error: unknown = await read({ fetch, ...options }).catch((caught: unknown) => caught);
  return { turns, error };
}

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
  ])("%s", async (link, expected) => {
    expect(await next(link)).toBe(expected);
  });

  it.each([
    '<https://evil.example/v2/a/b/tags/list>; rel="next"',
    '<http://reg.example:5000/v2/>; rel="next"',
    '<https://reg.example/v2/>; rel="next"',
    '<//evil.example/v2/>; rel="next"',
    '<https://user:pass@reg.example:5000/v2/>; rel="next"',
    "<https://reg.example:99999/>; rel=next",
    "<javascript:alert(1)>; rel=next",
  ])("refuses %s", async (link) => {
    await expect(next(link)).rejects.toMatchObject({ code: "protocol-violation", ...place });
  });
});

const linked = (url: URL): Promise<HttpAnswer> =>
  Promise.resolve(url.searchParams.has("last") ? answer(undefined, "two") : answer("<?last=one>; rel=next", "one"));

describe("pages", () => {
  it("are followed to the last one, and counted", async () => {
    const numbers: number[] = [];
    const fetch = (url: URL, number: number): Promise<HttpAnswer> => {
      numbers.push(number);
      return linked(url);
    };
    expect([await read({ fetch }), numbers]).toEqual([
      ["one", "two"],
      [0, 1],
    ]);
  });

  it("end where the caller says that there are none", async () => {
    expect(await read({ fetch: () => Promise.resolve(undefined) })).toEqual([]);
  });

  it("that repeat or never end are an error that names the list", async () => {
    let asked = 0;
    const again = (): Promise<HttpAnswer> => Promise.resolve(answer(`<?turn=${++asked % 2}>; rel=next`, "again"));
    await expect(read({ fetch: again })).rejects.toMatchObject({
      code: "protocol-violation",
      message: expect.stringContaining("pages repeat"),
      ...place,
    });
    expect(asked).toBe(3);
    const { turns, error } = await giveUp(10, { pages: 60 });
    expect([turns, error]).toMatchObject([60, { code: "protocol-violation", ...place }]);
  });

  it("that bring next to nothing are not read for long, and those that bring more are", async () => {
    const { turns, error } = await giveUp(9);
    expect([turns, error]).toMatchObject([
      50,
      { code: "protocol-violation", message: expect.stringContaining("50 pages brought 450 names") },
    ]);
    expect((await giveUp(10, { pages: 400 })).turns).toBe(400);
  });

  it("are not read beyond a million names", async () => {
    const { turns, error } = await giveUp(1000);
    expect([turns, error]).toMatchObject([
      1001,
      { code: "protocol-violation", message: expect.stringContaining("longer than 1000000 names") },
    ]);
  });

  it("may be few and small, and 50 of a name each, where they come to an end", async () => {
    let turns = 0;
    const fetch = (): Promise<HttpAnswer> => Promise.resolve(answer(++turns === 50 ? undefined : `<?last=${turns}>; rel=next`, "one"));
    expect(await read({ fetch })).toHaveLength(50);
  });
});

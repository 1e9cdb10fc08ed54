import { describe, expect, it } from "vitest";

import { charts, first, headersAt, redirect, sourceHeader, targetHeader, useTwoPasswords } from "./runs/two-passwords.ts";
import { statusLines } from "./runs/read-report.ts";
import { reportOf } from "./runs/run-migrate.ts";
import { indexText } from "./charts/write-repository.ts";

const ends = useTwoPasswords();

describe("with a password for the source and another for the target", () => {
  it("each end sees its own and both are used", async () => {
    const world = await ends.migrate();
    expect({ code: world.run.code, stderr: world.run.stderr }).toMatchObject({ code: 0 });
    expect([headersAt(world.source), headersAt(world.target)]).toEqual([[sourceHeader], [targetHeader]]);
    ends.expectNoLeak(world);
  });
});

describe("a source that sends us elsewhere shows its password to nobody else:", () => {
  it.each([301, 302, 303, 307, 308])("a redirect (%d) of the index to another port", async (status) => {
    ends.temptation = false;
    ends.strangerRoutes = { "/moved/index.yaml": (_, response) => void response.end(indexText(charts.map((chart) => ({ chart })))) };
    const world = await ends.migrate({
      routes: () => ({ "/index.yaml": redirect(() => `${ends.stranger.url}/moved/index.yaml`, status) }),
    });
    expect(ends.stranger.requests.length).toBeGreaterThan(0);
    expect({ code: world.run.code, stderr: world.run.stderr }).toMatchObject({ code: 0 });
    ends.expectNoLeak(world);
  });

  it("a redirect of the index to a port that asks for a password", async () => {
    const world = await ends.migrate({ routes: () => ({ "/index.yaml": redirect(() => `${ends.stranger.url}/moved/index.yaml`) }) });
    expect({ code: world.run.code, asked: ends.stranger.requests.length > 0 }).toEqual({ code: 2, asked: true });
    ends.expectNoLeak(world);
  });

  it("a redirect away and back again: what has left has left", async () => {
    ends.temptation = false;
    let back = "";
    ends.strangerRoutes = { "/elsewhere": redirect(() => back) };
    const world = await ends.migrate({
      routes: () => ({
        "/index.yaml": (request, response) => {
          back = `http://${request.headers.host}/web-1.0.0.tgz`;
          redirect(() => `${ends.stranger.url}/elsewhere`)(request, response);
        },
      }),
    });
    expect(world.run.code).toBe(2);
    const second = world.source.requests.find(({ path }) => path === "/web-1.0.0.tgz");
    expect(second && second.headers.authorization).toBeUndefined();
    ends.expectNoLeak(world);
  });

  it("a redirect of the index to the target", async () => {
    const world = await ends.migrate({ routes: ({ target }) => ({ "/index.yaml": redirect(() => `${target.url}/v2/`) }) });
    expect(world.run.code).toBe(2);
    ends.expectNoLeak(world);
    // Nor is the target's own password shown on the source's behalf.
    expect(world.target.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  it("charts at another port", async () => {
    const world = await ends.migrate({
      index: () => indexText(charts.map((chart) => ({ chart, urls: [`${ends.stranger.url}/${chart.file}`] }))),
    });
    expect(ends.stranger.requests.length).toBeGreaterThan(0);
    expect(statusLines(reportOf(world.run))).toEqual(charts.map(({ version }) => `web ${version}: failed unauthenticated`));
    ends.expectNoLeak(world);
  });

  it("charts at another port, with a user name and password of the index's own", async () => {
    const index = (): string =>
      indexText(charts.map((chart) => ({ chart, urls: [`http://someone:t0psecret@${ends.stranger.host}/${chart.file}`] })));
    const world = await ends.migrate({ index });
    expect(ends.stranger.requests.length).toBeGreaterThan(0);
    ends.expectNoLeak(world);
    expect(JSON.stringify(world.run)).not.toContain("t0psecret");
  });

  it("charts at the target's own address", async () => {
    const world = await ends.migrate({
      index: ({ target }) => indexText(charts.map((chart) => ({ chart, urls: [`${target.url}/files/${chart.file}`] }))),
    });
    const files = world.target.requests.filter(({ path }) => path.startsWith("/files/"));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    ends.expectNoLeak(world);
  });

  it("charts that the index keeps in the target's registry, by oci://", async () => {
    const world = await ends.migrate({
      index: ({ target }) => indexText([{ chart: first, urls: [`oci://${target.host}/elsewhere/web:1.0.0`] }]),
    });
    // The registry does ask for a password there, and the target's own would do.
    const reads = world.target.requests.filter(({ path }) => path === "/v2/elsewhere/web/manifests/1.0.0");
    expect(reads.map(({ headers }) => headers.authorization ?? "none")).toContain("none");
    expect(headersAt({ requests: world.target.requests.filter(({ path }) => path.startsWith("/v2/elsewhere/")) })).toEqual([]);
    // While the target's own requests carry it.
    expect(headersAt(world.target)).toEqual([targetHeader]);
    ends.expectNoLeak(world);
  });

  it("a bearer challenge that names a token service at another port", async () => {
    ends.temptation = false;
    ends.strangerRoutes = { "/token": (_, response) => void response.end('{"token":"stolen"}') };
    const world = await ends.migrate({
      routes: () => ({
        "/index.yaml": (_, response) =>
          void response.writeHead(401, { "www-authenticate": `Bearer realm="${ends.stranger.url}/token",service="x"` }).end(),
      }),
    });
    // Whom the challenge names is not even asked, though the challenge did reach us, and the source its own password.
    expect(ends.stranger.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([]);
    expect(headersAt({ requests: world.source.requests.filter(({ path }) => path === "/index.yaml") })).toEqual([sourceHeader]);
    ends.expectNoLeak(world);
    expect(world.run.code).toBe(2);
    expect(world.run.stderr).toContain("[unauthenticated]");
  });

  it("a bearer challenge that names the target as its token service", async () => {
    const world = await ends.migrate({
      routes: ({ target }) => ({
        "/index.yaml": (_, response) =>
          void response.writeHead(401, { "www-authenticate": `Bearer realm="${target.url}/token",service="x"` }).end(),
      }),
    });
    expect(world.run.code).toBe(2);
    ends.expectNoLeak(world);
  });
});

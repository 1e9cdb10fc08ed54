import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { reportOf, runMigrate } from "./runs/run-migrate.ts";
import { startProxy } from "./servers/start-proxy.ts";
import { charts, first, headersAt, targetHeader, useTwoPasswords } from "./runs/two-passwords.ts";
import { writeRepository } from "./charts/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeCertificates } from "./servers/make-certificates.ts";
import { type Route, startStaticServer } from "./servers/start-static-server.ts";
import { testUser } from "./support/test-user.ts";

const ends = useTwoPasswords();

describe("a target that sends us elsewhere shows its password to nobody else:", () => {
  it("an upload Location at another port", async () => {
    const world = await ends.migrate({
      intercept(request, response) {
        if (request.method !== "POST") return false;
        response.writeHead(202, { location: `${ends.stranger.url}/elsewhere` }).end();
        return true;
      },
    });
    // Some registries do keep their uploads elsewhere: the place may be used, but a password it asks for is not given.
    expect(world.run.code).toBe(2);
    ends.expectNoLeak(world);
  });

  it("an upload Location at what may be the source", async () => {
    const source = ends.keep(await startStaticServer(ends.scratch));
    const world = await ends.migrate({
      intercept(request, response) {
        if (request.method !== "POST") return false;
        response.writeHead(202, { location: `${source.url}/elsewhere` }).end();
        return true;
      },
    });
    expect(world.run.code).toBe(1);
    expect(headersAt(source)).toEqual([]);
    ends.expectNoLeak(world);
  });

  it.each([307, 308, 302])("a redirect (%d) of the writes to another port", async (status) => {
    const world = await ends.migrate({
      intercept(request, response) {
        if (request.method !== "POST" && request.method !== "PUT") return false;
        response.writeHead(status, { location: `${ends.stranger.url}/elsewhere` }).end();
        return true;
      },
    });
    expect(world.run.code).toBe(2);
    ends.expectNoLeak(world);
  });

  it("a redirect of the tag list and of manifests to another port", async () => {
    const world = await ends.migrate({
      intercept(request, response) {
        if (request.method !== "GET" || request.url === "/v2/") return false;
        response.writeHead(307, { location: `${ends.stranger.url}/elsewhere` }).end();
        return true;
      },
    });
    expect(new Set(reportOf(world.run).versions.map(({ reason }) => reason))).toEqual(new Set(["redirect-refused"]));
    ends.expectNoLeak(world);
  });

  it("a next page of the tag list at another port", async () => {
    const world = await ends.migrate({
      change(request, answer) {
        if (!request.path.includes("/tags/list")) return;
        answer.status = answer.status === 404 ? 404 : 200;
        answer.headers["link"] = `<${ends.stranger.url}/elsewhere>; rel="next"`;
      },
    });
    ends.expectNoLeak(world);
    // A page that is there and points elsewhere: the first run left the tags that the second lists.
    const options = ["--username", testUser.username, "--password-stdin"];
    const again = await runMigrate(
      [join(ends.scratch, world.namespace, "repository"), `oci://${world.target.host}/${world.namespace}`, "--no-journal", ...options],
      {
        home: join(ends.scratch, world.namespace),
        stdin: testUser.password,
      },
    );
    expect(new Set(reportOf(again).versions.map(({ reason }) => reason))).toEqual(new Set(["protocol-violation"]));
    expect(ends.stranger.requests).toEqual([]);
    ends.expectNoLeak(world);
  });

  it("a token service in the clouds' metadata network", async () => {
    const world = await ends.migrate({
      change(_, answer) {
        if (answer.status === 401)
          answer.headers["www-authenticate"] = 'Bearer realm="http://169.254.169.254/latest/meta-data",service="x"';
      },
    });
    expect(world.run.code).not.toBe(0);
    expect(world.run.stdout + world.run.stderr).toMatch(/redirect-refused/u);
    ends.expectNoLeak(world);
  });

  it("an https registry whose token service speaks http", async () => {
    ends.temptation = false;
    ends.strangerRoutes = { "/token": (_, response) => void response.end('{"token":"stolen"}') };
    const challenge: Route = (_, response) =>
      void response.writeHead(401, { "www-authenticate": `Bearer realm="${ends.stranger.url}/token",service="x"` }).end("{}");
    const folder = join(ends.scratch, "https");
    mkdirSync(folder);
    const tls = makeCertificates(folder);
    const secured = ends.keep(
      await startStaticServer(folder, { tls, routes: { "/v2/": challenge, "/v2/charts/web/tags/list": challenge } }),
    );
    const file = join(folder, first.file);
    writeFileSync(file, first.archive);
    const options = ["--ca-file", tls.caFile, "--username", testUser.username, "--password-stdin"];
    const result = await runChartferry(["push", file, `oci://${secured.host}/charts`, ...options], {
      home: folder,
      stdin: testUser.password,
    });
    expect(ends.stranger.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([]);
    expect(secured.requests.length).toBeGreaterThan(0);
    expect(result.code).not.toBe(0);
    expect(
      secured.requests.map(({ headers }) => headers.authorization).filter((header) => header !== undefined && header !== targetHeader),
    ).toEqual([]);
  });

  it("a blob that lies with a stranger (as object stores do) is fetched without a password", async () => {
    const pushed = await ends.migrate();
    expect(pushed.run.code).toBe(0);
    ends.temptation = false;
    ends.strangerRoutes = { "/elsewhere": (_, response) => void response.end(first.archive) };
    const away = ends.keep(
      await startProxy(ends.registry.url, {
        intercept(request, response) {
          if (!(request.url ?? "").includes(`/blobs/${first.digest}`)) return false;
          response.writeHead(307, { location: `${ends.stranger.url}/elsewhere` }).end();
          return true;
        },
      }),
    );
    const folder = join(ends.scratch, pushed.namespace);
    const options = ["--destination", folder, "--username", testUser.username, "--password-stdin"];
    const pulled = await runChartferry(["pull", `oci://${away.host}/${pushed.namespace}/web:1.0.0`, ...options], {
      home: folder,
      stdin: testUser.password,
    });
    expect({ code: pulled.code, stderr: pulled.stderr, asked: ends.stranger.requests.length }).toMatchObject({ code: 0, asked: 1 });
    expect(headersAt(ends.stranger)).toEqual([]);
  });
});

describe("of several targets", () => {
  it("each gets what the credential files hold for its host and port, and no other", async () => {
    const one = ends.keep(await startProxy(ends.registry.url));
    const home = join(ends.scratch, "several");
    mkdirSync(join(home, ".docker"), { recursive: true });
    const auth = Buffer.from(`${testUser.username}:${testUser.password}`).toString("base64");
    writeFileSync(join(home, ".docker", "config.json"), JSON.stringify({ auths: { [one.host]: { auth } } }));
    writeRepository(join(home, "repository"), charts);
    const run = await runMigrate([join(home, "repository"), `oci://${one.host}/several`, `oci://${ends.stranger.host}/several`], { home });
    expect(run.code).toBe(1);
    expect(headersAt(one)).toEqual([targetHeader]);
    expect(ends.stranger.requests.length).toBeGreaterThan(0);
    expect(headersAt(ends.stranger)).toEqual([]);
  });
});

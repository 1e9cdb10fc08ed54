import { mkdirSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { makeChart } from "./scenario-b/make-chart.ts";
import { statusLines } from "./scenario-b/read-report.ts";
import { type MigrateRun, reportOf, runMigrate } from "./scenario-b/run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "./scenario-b/start-embedded.ts";
import { type ProxiedAnswer, type ProxiedRequest, type RunningProxy, startProxy } from "./scenario-b/start-proxy.ts";
import { type IndexedChart, indexText, writeRepository } from "./scenario-b/write-repository.ts";
import { runChartferry } from "./support/chartferry.ts";
import { makeCertificates } from "./support/make-certificates.ts";
import { type Route, startStaticServer, type StaticServer } from "./support/start-static-server.ts";
import { makeTempDir, removeTempDir } from "./support/temp-dir.ts";
import { basicAuthorization, testUser } from "./support/test-user.ts";

/** Every request of every server here is written down, and at the end of each test every Authorization header is looked at. */
const scratch = makeTempDir("credentials");
const sourceUser = { username: "source-reader", password: "s0urce-secret" };
const sourceHeader = basicAuthorization(sourceUser);
const targetHeader = basicAuthorization(testUser);
const charts = [makeChart("web", "1.0.0"), makeChart("web", "1.1.0")];
const [first = makeChart("web", "1.0.0")] = charts;
const sourcePassword = join(scratch, "source-password");
const targetPassword = join(scratch, "target-password");

let registry: RunningEmbedded;
/** Asks everybody for a password, to tempt, and has every file that may be asked for once somebody gives one. */
let stranger: StaticServer;
let strangerRoutes: Record<string, Route> = {};
let temptation = true;

const openServers: { stop: () => Promise<unknown> }[] = [];
function keep<T extends { stop: () => Promise<unknown> }>(server: T): T {
  openServers.push(server);
  return server;
}

beforeAll(async () => {
  writeFileSync(sourcePassword, sourceUser.password);
  writeFileSync(targetPassword, testUser.password);
  registry = await startEmbedded({ options: ["--user", testUser.username, "--password-file", targetPassword] });
});
beforeEach(async () => {
  temptation = true;
  strangerRoutes = {};
  const answer: Route = (request, response) => {
    if (temptation && request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="come in"' }).end();
      return;
    }
    const route = new Map(Object.entries(strangerRoutes)).get(new URL(request.url ?? "/", "http://127.0.0.1").pathname);
    if (route) route(request, response);
    else response.writeHead(404).end();
  };
  stranger = keep(await startStaticServer(scratch, { routes: anyPath(answer) }));
});
afterAll(async () => {
  await Promise.all(openServers.map((server) => server.stop()));
  await registry.stop();
  removeTempDir(scratch);
});

/** A table of routes that has every path. */
function anyPath(route: Route): Record<string, Route> {
  return new Proxy<Record<string, Route>>(
    {},
    { ownKeys: () => paths, getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }), get: () => route },
  );
}
const paths = ["/", "/index.yaml", "/token", "/v2/", "/elsewhere", ...charts.map(({ file }) => `/${file}`), "/moved/index.yaml"];

function headersAt(server: { readonly requests: readonly { readonly headers: IncomingMessage["headers"] }[] }): string[] {
  return [...new Set(server.requests.flatMap(({ headers }) => headers.authorization ?? []))];
}

let runs = 0;
interface Ends {
  readonly source: StaticServer;
  readonly target: RunningProxy;
  readonly namespace: string;
}

interface World {
  readonly entries?: readonly IndexedChart[];
  readonly routes?: (ends: { readonly target: RunningProxy }) => Record<string, Route>;
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly change?: (request: ProxiedRequest, answer: ProxiedAnswer) => void;
  readonly index?: (ends: { readonly target: RunningProxy }) => string;
}

/** Migrates with a password for each end and gives back who was shown which. */
async function migrate(world: World = {}): Promise<Ends & { readonly run: MigrateRun }> {
  const namespace = `run-${(runs += 1)}`;
  const folder = join(scratch, namespace, "repository");
  writeRepository(folder, world.entries ?? charts);
  const { intercept, change } = world;
  const target = keep(await startProxy(registry.url, { ...(intercept && { intercept }), ...(change && { change }) }));
  if (world.index) writeFileSync(join(folder, "index.yaml"), world.index({ target }));
  const routes = world.routes?.({ target }) ?? {};
  const source = keep(await startStaticServer(folder, { auth: sourceUser, routes }));
  const options = [
    "--source-username",
    sourceUser.username,
    "--source-password-file",
    sourcePassword,
    "--username",
    testUser.username,
    "--password-stdin",
  ];
  const run = await runMigrate([source.url, `oci://${target.host}/${namespace}`, ...options], {
    home: join(scratch, namespace),
    stdin: testUser.password,
  });
  return { source, target, namespace, run };
}

/** The rule of every test: each end has seen its own password at most, strangers none. */
function expectNoLeak({ source, target }: Ends): void {
  expect(headersAt(source).filter((header) => header !== sourceHeader)).toEqual([]);
  expect(headersAt(target).filter((header) => header !== targetHeader)).toEqual([]);
  expect(headersAt(stranger)).toEqual([]);
}

const redirect =
  (to: () => string, status = 302): Route =>
  (_, response) =>
    void response.writeHead(status, { location: to() }).end();

describe("with a password for the source and another for the target", () => {
  it("each end sees its own and both are used", async () => {
    const world = await migrate();
    expect({ code: world.run.code, stderr: world.run.stderr }).toMatchObject({ code: 0 });
    expect([headersAt(world.source), headersAt(world.target)]).toEqual([[sourceHeader], [targetHeader]]);
    expectNoLeak(world);
  });
});

describe("a source that sends us elsewhere shows its password to nobody else:", () => {
  it.each([301, 302, 303, 307, 308])("a redirect (%d) of the index to another port", async (status) => {
    temptation = false;
    strangerRoutes = { "/moved/index.yaml": (_, response) => void response.end(indexText(charts.map((chart) => ({ chart })))) };
    const world = await migrate({ routes: () => ({ "/index.yaml": redirect(() => `${stranger.url}/moved/index.yaml`, status) }) });
    expect(stranger.requests.length).toBeGreaterThan(0);
    expect({ code: world.run.code, stderr: world.run.stderr }).toMatchObject({ code: 0 });
    expectNoLeak(world);
  });

  it("a redirect of the index to a port that asks for a password", async () => {
    const world = await migrate({ routes: () => ({ "/index.yaml": redirect(() => `${stranger.url}/moved/index.yaml`) }) });
    expect({ code: world.run.code, asked: stranger.requests.length > 0 }).toEqual({ code: 2, asked: true });
    expectNoLeak(world);
  });

  it("a redirect away and back again: what has left has left", async () => {
    temptation = false;
    let back = "";
    strangerRoutes = { "/elsewhere": redirect(() => back) };
    const world = await migrate({
      routes: () => ({
        "/index.yaml": (request, response) => {
          back = `http://${request.headers.host}/web-1.0.0.tgz`;
          redirect(() => `${stranger.url}/elsewhere`)(request, response);
        },
      }),
    });
    expect(world.run.code).toBe(2);
    const second = world.source.requests.find(({ path }) => path === "/web-1.0.0.tgz");
    expect(second && second.headers.authorization).toBeUndefined();
    expectNoLeak(world);
  });

  it("a redirect of the index to the target", async () => {
    const world = await migrate({ routes: ({ target }) => ({ "/index.yaml": redirect(() => `${target.url}/v2/`) }) });
    expect(world.run.code).toBe(2);
    expectNoLeak(world);
    // Nor is the target's own password shown on the source's behalf.
    expect(world.target.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  it("charts at another port", async () => {
    const world = await migrate({ index: () => indexText(charts.map((chart) => ({ chart, urls: [`${stranger.url}/${chart.file}`] }))) });
    expect(stranger.requests.length).toBeGreaterThan(0);
    expect(statusLines(reportOf(world.run))).toEqual(charts.map(({ version }) => `web ${version}: failed unauthenticated`));
    expectNoLeak(world);
  });

  it("charts at another port, with a user name and password of the index's own", async () => {
    const index = (): string =>
      indexText(charts.map((chart) => ({ chart, urls: [`http://someone:t0psecret@${stranger.host}/${chart.file}`] })));
    const world = await migrate({ index });
    expect(stranger.requests.length).toBeGreaterThan(0);
    expectNoLeak(world);
    expect(JSON.stringify(world.run)).not.toContain("t0psecret");
  });

  it("charts at the target's own address", async () => {
    const world = await migrate({
      index: ({ target }) => indexText(charts.map((chart) => ({ chart, urls: [`${target.url}/files/${chart.file}`] }))),
    });
    const files = world.target.requests.filter(({ path }) => path.startsWith("/files/"));
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    expectNoLeak(world);
  });

  it("charts that the index keeps in the target's registry, by oci://", async () => {
    const world = await migrate({
      index: ({ target }) => indexText([{ chart: first, urls: [`oci://${target.host}/elsewhere/web:1.0.0`] }]),
    });
    // The registry does ask for a password there, and the target's own would do.
    const reads = world.target.requests.filter(({ path }) => path === "/v2/elsewhere/web/manifests/1.0.0");
    expect(reads.map(({ headers }) => headers.authorization ?? "none")).toContain("none");
    expect(headersAt({ requests: world.target.requests.filter(({ path }) => path.startsWith("/v2/elsewhere/")) })).toEqual([]);
    // While the target's own requests carry it.
    expect(headersAt(world.target)).toEqual([targetHeader]);
    expectNoLeak(world);
  });

  it("a bearer challenge that names a token service at another port", async () => {
    temptation = false;
    strangerRoutes = { "/token": (_, response) => void response.end('{"token":"stolen"}') };
    const world = await migrate({
      routes: () => ({
        "/index.yaml": (_, response) =>
          void response.writeHead(401, { "www-authenticate": `Bearer realm="${stranger.url}/token",service="x"` }).end(),
      }),
    });
    // Whom the challenge names is not even asked, though the challenge did reach us, and the source its own password.
    expect(stranger.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([]);
    expect(headersAt({ requests: world.source.requests.filter(({ path }) => path === "/index.yaml") })).toEqual([sourceHeader]);
    expectNoLeak(world);
    expect(world.run.code).toBe(2);
    expect(world.run.stderr).toContain("[unauthenticated]");
  });

  it("a bearer challenge that names the target as its token service", async () => {
    const world = await migrate({
      routes: ({ target }) => ({
        "/index.yaml": (_, response) =>
          void response.writeHead(401, { "www-authenticate": `Bearer realm="${target.url}/token",service="x"` }).end(),
      }),
    });
    expect(world.run.code).toBe(2);
    expectNoLeak(world);
  });
});

describe("a target that sends us elsewhere shows its password to nobody else:", () => {
  it("an upload Location at another port", async () => {
    const world = await migrate({
      intercept(request, response) {
        if (request.method !== "POST") return false;
        response.writeHead(202, { location: `${stranger.url}/elsewhere` }).end();
        return true;
      },
    });
    // Some registries do keep their uploads elsewhere: the place may be used, but a password it asks for is not given.
    expect(world.run.code).toBe(1);
    expectNoLeak(world);
  });

  it("an upload Location at what may be the source", async () => {
    const source = keep(await startStaticServer(scratch));
    const world = await migrate({
      intercept(request, response) {
        if (request.method !== "POST") return false;
        response.writeHead(202, { location: `${source.url}/elsewhere` }).end();
        return true;
      },
    });
    expect(world.run.code).toBe(1);
    expect(headersAt(source)).toEqual([]);
    expectNoLeak(world);
  });

  it.each([307, 308, 302])("a redirect (%d) of the writes to another port", async (status) => {
    const world = await migrate({
      intercept(request, response) {
        if (request.method !== "POST" && request.method !== "PUT") return false;
        response.writeHead(status, { location: `${stranger.url}/elsewhere` }).end();
        return true;
      },
    });
    expect(world.run.code).toBe(1);
    expectNoLeak(world);
  });

  it("a redirect of the tag list and of manifests to another port", async () => {
    const world = await migrate({
      intercept(request, response) {
        if (request.method !== "GET" || request.url === "/v2/") return false;
        response.writeHead(307, { location: `${stranger.url}/elsewhere` }).end();
        return true;
      },
    });
    expect(world.run.code).not.toBe(2);
    expectNoLeak(world);
  });

  it("a next page of the tag list at another port", async () => {
    const world = await migrate({
      change(request, answer) {
        if (!request.path.includes("/tags/list")) return;
        answer.status = answer.status === 404 ? 404 : 200;
        answer.headers["link"] = `<${stranger.url}/elsewhere>; rel="next"`;
      },
    });
    expectNoLeak(world);
    // A page that is there and points elsewhere: the first run left the tags that the second lists.
    const options = ["--username", testUser.username, "--password-stdin"];
    const again = await runMigrate(
      [join(scratch, world.namespace, "repository"), `oci://${world.target.host}/${world.namespace}`, "--no-journal", ...options],
      {
        home: join(scratch, world.namespace),
        stdin: testUser.password,
      },
    );
    expect(again.code).not.toBe(2);
    expect(stranger.requests).toEqual([]);
    expectNoLeak(world);
  });

  it("a token service in the clouds' metadata network", async () => {
    const world = await migrate({
      change(_, answer) {
        if (answer.status === 401)
          answer.headers["www-authenticate"] = 'Bearer realm="http://169.254.169.254/latest/meta-data",service="x"';
      },
    });
    expect(world.run.code).not.toBe(0);
    expect(world.run.stdout + world.run.stderr).toMatch(/redirect-refused/u);
    expectNoLeak(world);
  });

  it("an https registry whose token service speaks http", async () => {
    temptation = false;
    strangerRoutes = { "/token": (_, response) => void response.end('{"token":"stolen"}') };
    const challenge: Route = (_, response) =>
      void response.writeHead(401, { "www-authenticate": `Bearer realm="${stranger.url}/token",service="x"` }).end("{}");
    const folder = join(scratch, `https-${(runs += 1)}`);
    mkdirSync(folder);
    const tls = makeCertificates(folder);
    const secured = keep(await startStaticServer(folder, { tls, routes: { "/v2/": challenge, "/v2/charts/web/tags/list": challenge } }));
    const file = join(folder, first.file);
    writeFileSync(file, first.archive);
    const options = ["--ca-file", tls.caFile, "--username", testUser.username, "--password-stdin"];
    const result = await runChartferry(["push", file, `oci://${secured.host}/charts`, ...options], {
      home: folder,
      stdin: testUser.password,
    });
    expect(stranger.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([]);
    expect(secured.requests.length).toBeGreaterThan(0);
    expect(result.code).not.toBe(0);
    expect(
      secured.requests.map(({ headers }) => headers.authorization).filter((header) => header !== undefined && header !== targetHeader),
    ).toEqual([]);
  });

  it("a blob that lies with a stranger (as object stores do) is fetched without a password", async () => {
    const pushed = await migrate();
    expect(pushed.run.code).toBe(0);
    temptation = false;
    strangerRoutes = { "/elsewhere": (_, response) => void response.end(first.archive) };
    const away = keep(
      await startProxy(registry.url, {
        intercept(request, response) {
          if (!(request.url ?? "").includes(`/blobs/${first.digest}`)) return false;
          response.writeHead(307, { location: `${stranger.url}/elsewhere` }).end();
          return true;
        },
      }),
    );
    const folder = join(scratch, pushed.namespace);
    const options = ["--destination", folder, "--username", testUser.username, "--password-stdin"];
    const pulled = await runChartferry(["pull", `oci://${away.host}/${pushed.namespace}/web:1.0.0`, ...options], {
      home: folder,
      stdin: testUser.password,
    });
    expect({ code: pulled.code, stderr: pulled.stderr, asked: stranger.requests.length }).toMatchObject({ code: 0, asked: 1 });
    expect(headersAt(stranger)).toEqual([]);
  });
});

describe("of several targets", () => {
  it("each gets what the credential files hold for its host and port, and no other", async () => {
    const one = keep(await startProxy(registry.url));
    const home = join(scratch, "several");
    mkdirSync(join(home, ".docker"), { recursive: true });
    const auth = Buffer.from(`${testUser.username}:${testUser.password}`).toString("base64");
    writeFileSync(join(home, ".docker", "config.json"), JSON.stringify({ auths: { [one.host]: { auth } } }));
    writeRepository(join(home, "repository"), charts);
    const run = await runMigrate([join(home, "repository"), `oci://${one.host}/several`, `oci://${stranger.host}/several`], { home });
    expect(run.code).toBe(1);
    expect(headersAt(one)).toEqual([targetHeader]);
    expect(stranger.requests.length).toBeGreaterThan(0);
    expect(headersAt(stranger)).toEqual([]);
  });
});

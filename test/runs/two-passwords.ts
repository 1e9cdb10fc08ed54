import { writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";

import { type Route, startStaticServer, type StaticServer } from "../servers/start-static-server.ts";
import { makeTempDir, removeTempDir } from "../support/temp-dir.ts";
import { basicAuthorization, testUser } from "../support/test-user.ts";
import { makeChart } from "../charts/make-chart.ts";
import { type MigrateRun, runMigrate } from "./run-migrate.ts";
import { type RunningEmbedded, startEmbedded } from "../servers/start-embedded.ts";
import { type ProxiedAnswer, type ProxiedRequest, type RunningProxy, startProxy } from "../servers/start-proxy.ts";
import { writeRepository } from "../charts/write-repository.ts";

const sourceUser = { username: "source-reader", password: "s0urce-secret" };
export const sourceHeader = basicAuthorization(sourceUser);
export const targetHeader = basicAuthorization(testUser);
export const charts = [makeChart("web", "1.0.0"), makeChart("web", "1.1.0")];
export const [first = makeChart("web", "1.0.0")] = charts;

interface Ends {
  readonly source: StaticServer;
  readonly target: RunningProxy;
  readonly namespace: string;
}

interface World {
  readonly routes?: (ends: { readonly target: RunningProxy }) => Record<string, Route>;
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly change?: (request: ProxiedRequest, answer: ProxiedAnswer) => void;
  readonly index?: (ends: { readonly target: RunningProxy }) => string;
}

interface Stoppable {
  readonly stop: () => Promise<unknown>;
}

export interface TwoPasswords {
  readonly scratch: string;
  /** Asks everybody for a password, to tempt, and has `strangerRoutes` once somebody gives one. Another one for each test. */
  readonly stranger: StaticServer;
  strangerRoutes: Record<string, Route>;
  /** `false` = the stranger asks for no password. */
  temptation: boolean;
  readonly registry: RunningEmbedded;
  /** Stops a server when the file's tests are over. */
  readonly keep: <T extends Stoppable>(server: T) => T;
  /** Migrates with a password for each end and gives back who was shown which. */
  readonly migrate: (world?: World) => Promise<Ends & { readonly run: MigrateRun }>;
  /** The rule of every test: each end has seen its own password at most, strangers none. */
  readonly expectNoLeak: (ends: Ends) => void;
}

/** A source and a target with a password each, and a stranger. Every request of every server here is written down. */
export function useTwoPasswords(): TwoPasswords {
  const scratch = makeTempDir("credentials");
  const open: Stoppable[] = [];
  let registry: RunningEmbedded;
  let stranger: StaticServer;
  const ends: TwoPasswords = {
    scratch,
    get stranger() {
      return stranger;
    },
    get registry() {
      return registry;
    },
    strangerRoutes: {},
    temptation: true,
    keep: (server) => {
      open.push(server);
      return server;
    },
    migrate: (world = {}) => migrateBetween(ends, world),
    expectNoLeak: ({ source, target }) => {
      expect(headersAt(source).filter((header) => header !== sourceHeader)).toEqual([]);
      expect(headersAt(target).filter((header) => header !== targetHeader)).toEqual([]);
      expect(headersAt(stranger)).toEqual([]);
    },
  };
  beforeAll(async () => {
    const passwordFile = join(scratch, "target-password");
    writeFileSync(passwordFile, testUser.password);
    registry = await startEmbedded({ options: ["--user", testUser.username, "--password-file", passwordFile] });
  });
  beforeEach(async () => {
    ends.temptation = true;
    ends.strangerRoutes = {};
    stranger = ends.keep(await startStaticServer(scratch, { routes: anyPath(tempting(ends)) }));
  });
  afterAll(async () => {
    await Promise.all(open.map((server) => server.stop()));
    await registry.stop();
    removeTempDir(scratch);
  });
  return ends;
}

function tempting(ends: Pick<TwoPasswords, "temptation" | "strangerRoutes">): Route {
  return (request, response) => {
    if (ends.temptation && request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="come in"' }).end();
      return;
    }
    const route = new Map(Object.entries(ends.strangerRoutes)).get(new URL(request.url ?? "/", "http://127.0.0.1").pathname);
    if (route) route(request, response);
    else response.writeHead(404).end();
  };
}

/** A table of routes that has every path. */
function anyPath(route: Route): Record<string, Route> {
  return new Proxy<Record<string, Route>>(
    {},
    { ownKeys: () => paths, getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }), get: () => route },
  );
}
const paths = ["/", "/index.yaml", "/token", "/v2/", "/elsewhere", ...charts.map(({ file }) => `/${file}`), "/moved/index.yaml"];

let runs = 0;

async function migrateBetween(
  { scratch, registry, keep }: TwoPasswords,
  { intercept, change, ...world }: World,
): Promise<Ends & { readonly run: MigrateRun }> {
  const namespace = `run-${(runs += 1)}`;
  const folder = join(scratch, namespace, "repository");
  writeRepository(folder, charts);
  const target = keep(await startProxy(registry.url, { ...(intercept && { intercept }), ...(change && { change }) }));
  if (world.index) writeFileSync(join(folder, "index.yaml"), world.index({ target }));
  const source = keep(await startStaticServer(folder, { auth: sourceUser, routes: world.routes?.({ target }) ?? {} }));
  const passwordFile = join(scratch, "source-password");
  writeFileSync(passwordFile, sourceUser.password);
  const ofSource = ["--source-username", sourceUser.username, "--source-password-file", passwordFile];
  const ofTarget = ["--username", testUser.username, "--password-stdin"];
  const run = await runMigrate([source.url, `oci://${target.host}/${namespace}`, ...ofSource, ...ofTarget], {
    home: join(scratch, namespace),
    stdin: testUser.password,
  });
  return { source, target, namespace, run };
}

/** Every different Authorization header that a server was sent. */
export function headersAt(server: { readonly requests: readonly { readonly headers: IncomingMessage["headers"] }[] }): string[] {
  return [...new Set(server.requests.flatMap(({ headers }) => headers.authorization ?? []))];
}

export const redirect =
  (to: () => string, status = 302): Route =>
  (_, response) =>
    void response.writeHead(status, { location: to() }).end();

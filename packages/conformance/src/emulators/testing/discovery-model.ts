import type { RecordedCall } from "../world/recorded-calls.ts";

/** The parts of a discovery document of Google's that are looked at. */
export interface DiscoveryModel {
  readonly methods: readonly DiscoveryMethod[];
  readonly schemas: Readonly<Record<string, DiscoverySchema>>;
}

interface DiscoveryMethod {
  readonly flatPath: string;
  readonly httpMethod: string;
  /** Names of its parameters in the query. */
  readonly query: readonly string[];
  readonly request?: string;
  readonly response: string;
}

interface DiscoverySchema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly readOnly?: boolean;
  readonly items?: DiscoverySchema;
  readonly properties?: Readonly<Record<string, DiscoverySchema>>;
  readonly additionalProperties?: DiscoverySchema;
}

/** What of a call the model does not know: path, parameters, members, types, values; members that only the service writes. Empty = as the model says. */
export function discoveryProblems(model: DiscoveryModel, call: RecordedCall): string[] {
  const line = `${call.method} ${call.path}`;
  const method = model.methods.find(({ flatPath, httpMethod }) => httpMethod === call.method && matches(flatPath, call.path));
  if (method === undefined) return [`${line}: no such method`];
  const unknown = [...call.query.keys()].filter((name) => !method.query.includes(name)).map((name) => `unknown parameter ${name}`);
  const asked =
    method.request === undefined
      ? call.sent === ""
        ? []
        : ["a body that is not known"]
      : body(model, call.sent, { name: method.request, asked: true });
  const answered = call.status === 200 ? body(model, call.answered, { name: method.response, asked: false }) : errorProblems(call);
  return [...unknown, ...asked, ...answered].map((problem) => `${line}: ${problem}`);
}

function matches(flatPath: string, path: string): boolean {
  return new RegExp(`^/${flatPath.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
}

function body(model: DiscoveryModel, text: string, { name, asked }: { readonly name: string; readonly asked: boolean }): string[] {
  return problems({ model, asked }, { schema: { $ref: name }, value: JSON.parse(text), at: asked ? "request" : "response" });
}

/** Every error has this one form. Source: API design guide, "Errors". */
function errorProblems({ status, answered }: RecordedCall): string[] {
  const { error }: { error?: { code?: unknown; message?: unknown; status?: unknown } } = JSON.parse(answered);
  const isError = error?.code === status && typeof error.message === "string" && /^[A-Z_]+$/.test(String(error.status));
  return isError ? [] : [`an error of another form: ${answered}`];
}

interface Looking {
  readonly model: DiscoveryModel;
  readonly asked: boolean;
}

interface Place {
  readonly schema: DiscoverySchema;
  readonly value: unknown;
  readonly at: string;
}

function problems(looking: Looking, { schema, value, at }: Place): string[] {
  if (schema.$ref !== undefined) {
    const known = looking.model.schemas[schema.$ref];
    return known === undefined ? [`${at} has the unknown shape ${schema.$ref}`] : problems(looking, { schema: known, value, at });
  }
  if (looking.asked && schema.readOnly === true) return [`${at} is written by the service alone`];
  if (schema.type === "array") {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((each: unknown, index) => problems(looking, { schema: schema.items ?? {}, value: each, at: `${at}[${index}]` }));
  }
  return schema.type === "object" ? objectProblems(looking, { schema, value, at }) : plainProblems({ schema, value, at });
}

function objectProblems(looking: Looking, { schema, value, at }: Place): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is no object`];
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const inner = schema.properties?.[name] ?? schema.additionalProperties;
    return inner === undefined
      ? [`${at} has an unknown member ${name}`]
      : problems(looking, { schema: inner, value: member, at: `${at}.${name}` });
  });
}

function plainProblems({ schema: { type, enum: allowed, format }, value, at }: Place): string[] {
  if (type === "boolean") return typeof value === "boolean" ? [] : [`${at} is neither true nor false`];
  if (type === "integer") return Number.isInteger(value) ? [] : [`${at} is no integer`];
  return type === "string" ? textProblems({ allowed, format, value, at }) : [];
}

interface Text {
  readonly allowed: readonly string[] | undefined;
  readonly format: string | undefined;
  readonly value: unknown;
  readonly at: string;
}

function textProblems({ allowed, format, value, at }: Text): string[] {
  if (typeof value !== "string") return [`${at} is no text`];
  if (allowed !== undefined && !allowed.includes(value)) return [`${at} is none of ${allowed.join(", ")}`];
  return format === "google-datetime" && Number.isNaN(Date.parse(value)) ? [`${at} is no time`] : [];
}

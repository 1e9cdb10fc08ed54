import type { RecordedCall } from "../world/recorded-calls.ts";

/** The parts of an OpenAPI 2 document that are looked at. */
export interface SwaggerModel {
  readonly basePath: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, SwaggerOperation>>>>;
  readonly parameters: Readonly<Record<string, SwaggerParameter>>;
  readonly responses: Readonly<Record<string, SwaggerResponse>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

interface Reference {
  readonly $ref?: string;
}

interface SwaggerOperation {
  readonly parameters: readonly SwaggerParameter[];
  readonly responses: Readonly<Record<string, SwaggerResponse>>;
}

interface SwaggerParameter extends Schema {
  readonly name?: string;
  readonly in?: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

interface SwaggerResponse extends Reference {
  readonly schema?: Schema;
}

interface Schema extends Reference {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly required?: boolean | readonly string[];
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly maximum?: number;
}

/** What of a call the vendor's model does not know: names, required members, types, limits, statuses. Empty = it is as the model says. */
export function swaggerProblems(model: SwaggerModel, call: RecordedCall): string[] {
  const line = `${call.method} ${call.path}`;
  const [operation] = Object.entries(model.paths).flatMap(([template, methods]) =>
    matches(`${model.basePath}${template}`, call.path) ? (methods[call.method.toLowerCase()] ?? []) : [],
  );
  if (operation === undefined) return [`${line}: no such operation`];
  const parameters = operation.parameters.map((each) => resolved(model.parameters, each));
  const response = operation.responses[String(call.status)];
  const answer = response && resolved(model.responses, response);
  return [
    ...queryProblems(call, parameters),
    ...bodyProblems(model, call.sent, parameters.find((each) => each.in === "body")?.schema),
    ...(answer === undefined ? [`no answer ${call.status}`] : bodyProblems(model, call.answered, answer.schema)),
  ].map((problem) => `${line}: ${problem}`);
}

function matches(template: string, path: string): boolean {
  return new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
}

function resolved<Kind extends Reference>(known: Readonly<Record<string, Kind>>, part: Kind): Kind {
  return part.$ref === undefined ? part : (known[part.$ref.split("/").at(-1) ?? ""] ?? part);
}

function queryProblems({ query }: RecordedCall, parameters: readonly SwaggerParameter[]): string[] {
  const known = parameters.filter((each) => each.in === "query");
  return [
    ...[...query.keys()].filter((name) => !known.some((each) => each.name === name)).map((name) => `unknown parameter ${name}`),
    ...known.flatMap((each) => parameterProblems(each, query.get(each.name ?? ""))),
  ];
}

function parameterProblems({ name, required, ...schema }: SwaggerParameter, value: string | null): string[] {
  if (value === null) return required === true ? [`parameter ${name} is missing`] : [];
  const read = { integer: Number(value), boolean: value === "true" || (value === "false" ? false : value) }[schema.type ?? ""] ?? value;
  return schemaProblems({ definitions: {} }, { schema, value: read, at: `parameter ${name}` });
}

function bodyProblems(model: SwaggerModel, text: string, schema: Schema | undefined): string[] {
  if (schema === undefined) return text === "" ? [] : [`a body that is not known: ${text}`];
  if (text === "") return ["a body is missing"];
  return schemaProblems(model, { schema, value: JSON.parse(text), at: "body" });
}

interface Place {
  readonly schema: Schema;
  readonly value: unknown;
  readonly at: string;
}

function schemaProblems(model: Pick<SwaggerModel, "definitions">, { schema, value, at }: Place): string[] {
  const known = resolved(model.definitions, schema);
  if (known.type === "array") {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((each: unknown, index) =>
      schemaProblems(model, { schema: known.items ?? {}, value: each, at: `${at}[${index}]` }),
    );
  }
  return known.properties === undefined ? plainProblems({ schema: known, value, at }) : objectProblems(model, { schema: known, value, at });
}

function objectProblems(model: Pick<SwaggerModel, "definitions">, { schema, value, at }: Place): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is no object`];
  const { properties = {}, required } = schema;
  const missing = Array.isArray(required) ? required.filter((name) => !(name in value)).map((name) => `${at} lacks ${name}`) : [];
  const members = Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const inner = properties[name];
    if (inner === undefined) return [`${at} has an unknown member ${name}`];
    return schemaProblems(model, { schema: inner, value: member, at: `${at}.${name}` });
  });
  return [...missing, ...members];
}

const plainTypes: Readonly<Record<string, (schema: Schema, value: unknown) => boolean>> = {
  integer: ({ maximum = Infinity }, value) => Number.isInteger(value) && Number(value) <= maximum,
  boolean: (_, value) => typeof value === "boolean",
  string: ({ maxLength = Infinity, enum: known }, value) =>
    typeof value === "string" && value.length <= maxLength && (known === undefined || known.includes(value)),
};

function plainProblems({ schema, value, at }: Place): string[] {
  const fits = plainTypes[schema.type ?? ""];
  return fits === undefined || fits(schema, value) ? [] : [`${at} is no ${JSON.stringify(schema)}: ${JSON.stringify(value)}`];
}

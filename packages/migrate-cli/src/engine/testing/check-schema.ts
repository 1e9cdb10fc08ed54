/** The part of JSON Schema that our own schema uses; anything else in it is an error, so that no rule is passed over. */
export interface Schema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const keywords = new Set(
  "$schema title description type const enum pattern minimum required properties additionalProperties items $ref $defs format".split(" "),
);

/** What is wrong with the value, by path; empty when nothing is. */
export function schemaProblems(value: unknown, schema: Schema, root: Schema = schema): string[] {
  return problems({ value, path: "$" }, schema, root);
}

function problems(at: { value: unknown; path: string }, schema: Schema, root: Schema): string[] {
  const unknown = Object.keys(schema).filter((keyword) => !keywords.has(keyword));
  if (unknown.length > 0) return [`${at.path}: the checker does not know ${unknown.join()}`];
  const referred = schema.$ref === undefined ? undefined : root.$defs?.[schema.$ref.replace("#/$defs/", "")];
  return [
    ...(referred === undefined ? [] : problems(at, referred, root)),
    ...plainProblems(at, schema),
    ...memberProblems(at, schema, root),
  ];
}

function plainProblems({ value, path }: { value: unknown; path: string }, schema: Schema): string[] {
  const checks: [boolean, string][] = [
    [schema.type === undefined || typeOf(value) === schema.type, `is no ${schema.type}`],
    [schema.const === undefined || value === schema.const, "is not the constant"],
    [schema.enum === undefined || schema.enum.includes(value), `is not one of ${schema.enum?.join()}`],
    [schema.pattern === undefined || new RegExp(schema.pattern).test(String(value)), "does not match"],
    [schema.minimum === undefined || Number(value) >= schema.minimum, "is too small"],
  ];
  return checks.filter(([good]) => !good).map(([, problem]) => `${path} ${problem}`);
}

function memberProblems({ value, path }: { value: unknown; path: string }, schema: Schema, root: Schema): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) =>
      schema.items === undefined ? [] : problems({ value: item, path: `${path}[${index}]` }, schema.items, root),
    );
  }
  if (typeof value !== "object" || value === null) return [];
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name)).map((name) => `${path} lacks ${name}`);
  const members = Object.entries(value).flatMap(([name, member]) => {
    const rule = schema.properties?.[name] ?? schema.additionalProperties ?? true;
    if (rule === false) return [`${path} has ${name} too many`];
    return rule === true ? [] : problems({ value: member, path: `${path}.${name}` }, rule, root);
  });
  return [...missing, ...members];
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : value === null ? "null" : typeof value;
}

import type { AwsCall } from "../ecr/aws-json.ts";

/** The parts of AWS's model of a service that are looked at. */
export interface AwsModel {
  readonly operations: Readonly<Record<string, { readonly input: string; readonly output: string; readonly errors: readonly string[] }>>;
  readonly shapes: Readonly<Record<string, AwsShape>>;
}

interface AwsShape {
  readonly type: string;
  readonly members?: Readonly<Record<string, { readonly shape: string }>>;
  readonly required?: readonly string[];
  readonly member?: { readonly shape: string };
  readonly key?: { readonly shape: string };
  readonly value?: { readonly shape: string };
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
}

/** Errors that every service may answer with. Source: AWS, "Common errors". */
const common = new Set([
  "AccessDeniedException",
  "ExpiredTokenException",
  "IncompleteSignature",
  "InvalidSignatureException",
  "MissingAuthenticationTokenException",
  "SerializationException",
  "ThrottlingException",
  "UnknownOperationException",
  "UnrecognizedClientException",
]);

/** What of a call the model does not know: operations, members, types, limits, values, errors. Empty = it is as the model says. */
export function awsProblems(model: AwsModel, { operation, input, status, output }: AwsCall): string[] {
  const known = model.operations[operation];
  if (known === undefined) return [`${operation}: no such operation`];
  const asked = problems(model, { shape: known.input, value: input, at: "input" });
  const error: unknown =
    typeof output === "object" && output !== null ? Object.getOwnPropertyDescriptor(output, "__type")?.value : undefined;
  const answered =
    status === 200 ? problems(model, { shape: known.output, value: output, at: "output" }) : errorProblems(String(error), known.errors);
  return [...asked, ...answered].map((problem) => `${operation}: ${problem}`);
}

function errorProblems(type: string, known: readonly string[]): string[] {
  return known.includes(type) || common.has(type) ? [] : [`an error that it does not have: ${type}`];
}

interface Place {
  readonly shape: string;
  readonly value: unknown;
  readonly at: string;
}

function problems(model: AwsModel, { shape: name, value, at }: Place): string[] {
  const shape = model.shapes[name];
  if (shape === undefined) return [`${at} has the unknown shape ${name}`];
  if (shape.type === "structure" || shape.type === "map") return objectProblems(model, shape, { value, at });
  if (shape.type === "list") {
    if (!Array.isArray(value)) return [`${at} is no list`];
    const inner = shape.member?.shape ?? "";
    return [
      ...lengthProblems(shape, value.length, at),
      ...value.flatMap((each: unknown, index) => problems(model, { shape: inner, value: each, at: `${at}[${index}]` })),
    ];
  }
  return plainProblems(shape, value, at);
}

function objectProblems(model: AwsModel, shape: AwsShape, { value, at }: Omit<Place, "shape">): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${at} is no object`];
  const missing = (shape.required ?? []).filter((name) => !(name in value)).map((name) => `${at} lacks ${name}`);
  const members = Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const inner = shape.members?.[name] ?? shape.value;
    return inner === undefined
      ? [`${at} has an unknown member ${name}`]
      : problems(model, { shape: inner.shape, value: member, at: `${at}.${name}` });
  });
  return [...missing, ...members];
}

function plainProblems(shape: AwsShape, value: unknown, at: string): string[] {
  if (shape.type === "string") return typeof value === "string" ? textProblems(shape, value, at) : [`${at} is no text`];
  if (shape.type === "boolean") return typeof value === "boolean" ? [] : [`${at} is neither true nor false`];
  // JSON 1.1 writes times as seconds since 1970.
  if (typeof value !== "number") return [`${at} is no number`];
  const { min = -Infinity, max = Infinity } = shape;
  return value >= min && value <= max ? [] : [`${at} is not between ${min} and ${max}`];
}

function textProblems(shape: AwsShape, value: string, at: string): string[] {
  if (shape.enum !== undefined && !shape.enum.includes(value)) return [`${at} is none of ${shape.enum.join(", ")}`];
  const fits = shape.pattern === undefined || new RegExp(`^(?:${shape.pattern})$`, "u").test(value);
  return [...(fits ? [] : [`${at} does not fit ${shape.pattern ?? ""}`]), ...lengthProblems(shape, value.length, at)];
}

/** What AWS promises to take; what it gives, an empty list among it, its clients do not measure either. */
function lengthProblems({ min = 0, max = Infinity }: AwsShape, length: number, at: string): string[] {
  if (!at.startsWith("input")) return [];
  return length >= min && length <= max ? [] : [`${at} has not between ${min} and ${max} of them`];
}

/** One challenge of a `WWW-Authenticate` header. `scheme` and parameter names are lower case. Source: RFC 9110 section 11.6.1. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

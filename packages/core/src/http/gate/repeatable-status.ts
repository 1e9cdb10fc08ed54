/** Source: go-containerregistry's and oras-go's lists together; other 4xx are never repeated. */
const repeatable = new Set([408, 429, 499, 500, 502, 503, 504, 522]);

export function isRepeatableStatus(status: number): boolean {
  return repeatable.has(status);
}

/** Whether a repository is the prefix or lies below it; all lie below an empty one. */
export function isBelow(repository: string, prefix: string): boolean {
  return prefix === "" || repository === prefix || repository.startsWith(`${prefix}/`);
}

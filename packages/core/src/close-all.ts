/**
 * Closes all of them, one after the other, also where one fails: what stayed open would keep its lock, or what it had yet to write.
 * @throws what the first failed with, once all were asked
 */
export async function closeAll(closings: Iterable<() => unknown>): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closings) {
    try {
      await close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

const tasks = new Set<() => void>();
let isListening = false;

/**
 * Runs `task` when this process ends in any way that can be noticed; returns how to call it off. Test workers end by SIGTERM, which
 * fires no `exit` event, and lose their channel when the main process is killed.
 */
export function atProcessEnd(task: () => void): () => void {
  tasks.add(task);
  if (!isListening) listen();
  isListening = true;
  return () => tasks.delete(task);
}

function listen(): void {
  process.once("exit", runAll);
  process.once("disconnect", runAll);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.once(signal, () => {
      runAll();
      process.kill(process.pid, signal);
    });
  }
}

function runAll(): void {
  // The last first, so that a server is gone before its folder.
  const pending = [...tasks].toReversed();
  tasks.clear();
  for (const task of pending) task();
}

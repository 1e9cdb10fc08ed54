/** Does something again and again, until the returned function is called. */
export type Every = (milliseconds: number, action: () => void) => () => void;

/** Keeps no process alive. */
export const systemEvery: Every = (milliseconds, action) => {
  const timer = setInterval(action, milliseconds).unref();
  return () => clearInterval(timer);
};

/** The parts of undici that every run needs. All of it takes 60 ms more to load, for fetch, caches and mocks that nobody asks for here. */
declare module "undici/lib/dispatcher/pool.js" {
  export { Pool as default } from "undici";
}
declare module "undici/lib/core/connect.js" {
  export { buildConnector as default } from "undici";
}
declare module "undici/lib/core/errors.js" {
  import { errors } from "undici";
  export default errors;
}

import { isChartferryError } from "../../errors.ts";
import { openLayoutStore } from "../layout-store.ts";
import { openLayoutTree } from "../layout-tree.ts";
import { blobOf } from "./layout-fixture.ts";

/** Pushes a blob of the size in the second argument; prints the code of what goes wrong. First argument: the directory. */
const tree = await openLayoutTree(process.argv[2] ?? "");
const store = await openLayoutStore(tree, "web");
try {
  await store.putBlob(blobOf("x".repeat(Number(process.argv[3]))));
  process.stdout.write("stored");
} catch (error) {
  process.stdout.write(isChartferryError(error) ? error.code : String(error));
}
await tree.close();

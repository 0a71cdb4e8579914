// `dist/` is what `src/` builds.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "../build.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const built = await mkdtemp(join(tmpdir(), "striatum-page-"));
try {
  await build(built);
  const names = (await readdir(built)).sort();
  assert.deepEqual((await readdir(dist)).sort(), names, "the files of web/dist");
  for (const name of names) {
    const [kept, made] = await Promise.all([dist, built].map((folder) => readFile(join(folder, name), "utf8")));
    assert.ok(kept === made, `web/dist/${name} is not what web/src builds: run npm run build in web/`);
  }
} finally {
  await rm(built, { recursive: true });
}
console.log("web/dist is what web/src builds");

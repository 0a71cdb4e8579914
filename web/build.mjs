// Bundles src/ into dist/: index.html, app.js, app.css. `build(folder)` is also what the check calls.
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

export async function build(folder = join(here, "dist")) {
  await mkdir(folder, { recursive: true });
  await esbuild.build({
    absWorkingDir: here,
    entryPoints: { app: "src/main.tsx" },
    bundle: true,
    minify: true,
    charset: "utf8",
    target: ["chrome123", "firefox120", "safari17.5"],
    legalComments: "eof",
    outdir: folder,
  });
  await copyFile(join(here, "src/index.html"), join(folder, "index.html"));
}

if (resolve(process.argv[1] ?? "") === fileURLToPath(import.meta.url)) await build();

// Starts headless Chromium from a folder that has puppeteer-core and @sparticuz/chromium.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

export async function launch(home) {
  const require = createRequire(path.resolve(home, "package.json"));
  const load = (name) => import(pathToFileURL(require.resolve(name)).href);
  const { default: chromium } = await load("@sparticuz/chromium");
  const { default: puppeteer } = await load("puppeteer-core");
  return puppeteer.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: "shell",
  });
}

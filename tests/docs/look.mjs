// Opens pages of the site in headless Chromium and says what a reader would see, as JSON.
//
//     node look.mjs BROWSER WIDTH FOLDER < names of files, one a line
//
// FOLDER gets screenshots, unless it is empty.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "../../tools/browser.mjs";

const [home, width, folder] = process.argv.slice(2);
const files = readFileSync(0, "utf8").split("\n").filter(Boolean);
const browser = await launch(home);
const page = await browser.newPage();
await page.setViewport({ width: Number(width), height: 900 });
let requests = [];
let errors = [];
page.on("request", (request) => requests.push(request.url()));
page.on("pageerror", (error) => errors.push(String(error)));
const seen = [];
for (const file of files) {
  for (const scheme of ["light", "dark"]) {
    [requests, errors] = [[], []];
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(pathToFileURL(file).href, { waitUntil: "load" });
    const layout = await page.evaluate(() => {
      const parents = function* (element) {
        for (let other = element; other; other = other.parentElement) yield other;
      };
      const style = (element) => getComputedStyle(element);
      const scrolls = (element) =>
        [...parents(element.parentElement)].some((other) => style(other).overflowX === "auto");
      const all = (selector) => [...document.querySelectorAll(selector)];
      const ground = (element) => {
        const opaque = (other) => !/(, 0\)|transparent)$/.test(style(other).backgroundColor);
        return style([...parents(element)].find(opaque) ?? document.body).backgroundColor;
      };
      const kinds = ["p", "li", "a", "td", "th", "code.literal", "pre", "pre span", "dt.sig"];
      const texts = kinds.flatMap((kind) => all(`article ${kind}`).slice(0, 50));
      return {
        scrollWidth: document.documentElement.scrollWidth,
        wide: all("article *")
          .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1)
          .filter((element) => !scrolls(element))
          .map((element) => element.outerHTML.slice(0, 120)),
        broken: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
        page: style(document.body).backgroundColor,
        colors: [...new Set(texts.map((text) => `${style(text).color} on ${ground(text)}`))],
      };
    });
    if (folder) {
      const name = path.relative(path.dirname(files[0]), file).replaceAll("/", "-");
      await page.screenshot({ path: path.join(folder, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
    seen.push({ file, scheme, width: Number(width), requests, errors, ...layout });
  }
}
await browser.close();
console.log(JSON.stringify(seen));

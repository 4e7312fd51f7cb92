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
      const scrolls = (element) => ["auto", "scroll", "hidden"].includes(getComputedStyle(element).overflowX);
      const inside = (element) => {
        for (let other = element; other !== document.body; other = other.parentElement) {
          if (other !== element && scrolls(other)) return true;
        }
        return false;
      };
      const wide = [...document.querySelectorAll(".md-content *, .md-header *")].filter(
        (element) => element.getBoundingClientRect().right > window.innerWidth + 1 && !inside(element));
      const text = document.querySelector(".md-typeset p, .md-typeset li");
      return {
        scrollWidth: document.documentElement.scrollWidth,
        wide: wide.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)),
        broken: [...document.images].filter((image) => !image.naturalWidth).map((image) => image.src),
        ink: getComputedStyle(text).color,
        ground: getComputedStyle(document.body).backgroundColor,
      };
    });
    if (folder) {
      const name = path.relative(path.dirname(files[0]), file).replaceAll("/", "-");
      await page.screenshot({ path: path.join(folder, `${name}-${width}-${scheme}.png`), fullPage: true });
    }
    seen.push({ file, scheme, requests, errors, ...layout });
  }
}
await browser.close();
console.log(JSON.stringify(seen));

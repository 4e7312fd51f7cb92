// Opens pages in headless Chromium and says what a reader would see of them, as JSON.
//
//     node look.mjs BROWSER FOLDER WIDTH:SCHEME... < names of files, one a line
//
// BROWSER has node_modules with puppeteer-core and @sparticuz/chromium; FOLDER gets the screenshots.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "../../tools/browser.mjs";

const [home, folder, ...views] = process.argv.slice(2);
const files = readFileSync(0, "utf8").split("\n").filter(Boolean);
const browser = await launch(home);
const seen = [];
for (const file of files) {
  for (const view of views) {
    const [width, scheme] = view.split(":");
    const page = await browser.newPage();
    const messages = [];
    const requests = [];
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(String(error)));
    page.on("request", (request) => requests.push(request.url()));
    await page.setViewport({ width: Number(width), height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(pathToFileURL(file).href);
    const layout = await page.evaluate(() => {
      const box = (element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x, y: y + window.scrollY, width, height };
      };
      const all = (selector) => [...document.querySelectorAll(selector)];
      const tooWide = (element) => element.scrollWidth > element.clientWidth + 1;
      return {
        scrollWidth: document.documentElement.scrollWidth,
        height: document.documentElement.scrollHeight,
        ground: getComputedStyle(document.body).backgroundColor,
        ink: getComputedStyle(document.body).color,
        figures: all("figure svg").map(box),
        outside: all("figure svg text").filter((text) => {
          const own = text.getBoundingClientRect();
          const around = text.closest("svg").getBoundingClientRect();
          return own.left < around.left - 1 || own.right > around.right + 1;
        }).map((text) => text.textContent),
        smallest: Math.min(...all("figure svg text").map((text) => text.getBoundingClientRect().height)),
        verdicts: all(".verdict").map(box),
        scrolling: all(".table").filter(tooWide).map((table) => table.getAttribute("aria-label")),
      };
    });
    const picture = path.join(folder, `${path.parse(file).name}-${width}-${scheme}.png`);
    await page.screenshot({ path: picture, fullPage: true });
    const accessible = await page.accessibility.snapshot();
    const roles = {};
    const count = (node) => {
      roles[node.role] = (roles[node.role] ?? 0) + 1;
      (node.children ?? []).forEach(count);
    };
    count(accessible);
    seen.push({ file: path.parse(file).name, width: Number(width), scheme, picture, messages, requests, roles, ...layout });
    await page.close();
  }
}
await browser.close();
console.log(JSON.stringify(seen));

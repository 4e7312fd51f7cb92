// Takes a picture of the beginning of a page: node picture.mjs BROWSER PAGE.html PICTURE.png
import { pathToFileURL } from "node:url";
import { launch } from "../browser.mjs";

const [home, file, picture] = process.argv.slice(2);
const browser = await launch(home);
const page = await browser.newPage();
await page.setViewport({ width: 1000, height: 860, deviceScaleFactor: 1.5 });
await page.goto(pathToFileURL(file).href);
await page.screenshot({ path: picture });
await browser.close();

/** The browser: whatever Chromium this machine has. None is downloaded. */
import { existsSync } from "node:fs"
import { type Browser, chromium } from "playwright-core"

const places = [
  process.env["CASEWIRE_CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
]

export const findChromium = (): string | undefined =>
  places.find((place) => place !== undefined && place !== "" && existsSync(place))

/** Says nothing to anybody on the network but the pages it is sent to. */
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync"
]

export const launch = (executablePath: string): Promise<Browser> => chromium.launch({ executablePath, args: flags })

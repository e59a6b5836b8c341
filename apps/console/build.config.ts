import tailwindcss from "@tailwindcss/vite"
import type { InlineConfig } from "vite"

/** `build.mjs` builds by this; the host serves the outcome under a policy that allows neither inline scripts nor styles. */
export const config = {
  root: import.meta.dirname,
  configFile: false,
  logLevel: "warn",
  plugins: [tailwindcss()],
  build: {
    outDir: "dist/site",
    emptyOutDir: true,
    target: "es2023",
    manifest: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      // "use client" says something to servers that render; here there is none.
      onLog: (level, log, report) => void (log.code === "MODULE_LEVEL_DIRECTIVE" || report(level, log))
    }
  }
} satisfies InlineConfig

import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    projects: [
      { test: { name: "packages", include: ["packages/*/test/**/*.test.ts"], testTimeout: 20_000 } },
      { test: { name: "apps", include: ["apps/*/test/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "workspace", include: ["scripts/test/**/*.test.ts"], testTimeout: 60_000 } }
    ]
  }
})

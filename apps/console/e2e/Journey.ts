/** One person's way through the console: what they do, what they must then see, and what the CRM must then hold. */
import type { HostProcess } from "./HostProcess.ts"
import type { Visit } from "./Visit.ts"

export interface Journey {
  readonly title: string
  /** What the host is started with. */
  readonly options?: ReadonlyArray<string>
  readonly run: (world: Visit & { readonly host: HostProcess }) => Promise<void>
}

/** Follows the link that the host printed. */
export const signIn = async ({ host, page }: Visit & { readonly host: HostProcess }): Promise<void> => {
  await page.goto(`${host.url}/login#token=${host.token}`)
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor()
}

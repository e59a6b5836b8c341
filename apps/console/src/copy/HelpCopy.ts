/** Words of the help page and of the settings. */
export const helpCopy = {
  title: "Help",
  intro: "What Casewire finds by itself, with what to do about it. Every finding has a code that your support knows.",
  host: "The host",
  hostWhat: "the host's findings",
  connection: (name: string) => `Connection “${name}”`,
  connectionWhat: "the connection's findings",
  well: "All is well",
  severities: { error: "Error", warning: "Warning", info: "Note" },
  fix: "What to do",
  code: "Code",
  support: "Support",
  bundle: "findings for your support",
  bundleHelp: "Copies codes, findings and versions. No names of clients, no secrets.",
  api: "For integrators",
  apiHelp: "Everything on these pages can be done by programs, too.",
  apiLink: "Open the API's documentation"
} as const

export const settingsCopy = {
  title: "Settings",
  appearance: "Appearance",
  theme: "Theme",
  themes: { system: "As the system", light: "Light", dark: "Dark" },
  account: "Signed in",
  firm: "Firm",
  token: "With the token named",
  until: "Until",
  limits: "Calls to the CRM",
  limitsIntro:
    "How many calls the CRM allows in its window. Raise it here only after the CRM raised it for your firm: more calls than allowed are refused there.",
  limit: (name: string) => `Calls allowed for “${name}”`,
  limitHelp: (calls: number, seconds: number) => `In ${seconds} seconds. Empty: ${calls.toLocaleString()}, as usual.`,
  limitWrong: "Enter a whole number of at least 1, or nothing.",
  save: "Save",
  saved: "Saved."
} as const

/** Words of the frame around every page, of signing in, and of pages that are not there. */
export const shellCopy = {
  skip: "Skip to content",
  navigation: "Main",
  openNavigation: "Open navigation",
  closeNavigation: "Close navigation",
  nav: {
    overview: "Overview",
    connections: "Connections",
    leads: "Leads",
    activity: "Activity",
    attention: "Needs attention",
    lists: "Lists",
    settings: "Settings",
    help: "Help"
  },
  attentionCount: (count: number) => `${count} waiting`,
  search: "Find a lead by id or name",
  environment: { sandbox: "Sandbox", live: "Live data" },
  live: { live: "Up to date", reconnecting: "Reconnecting", paused: "Paused" },
  pause: "Pause updates",
  resume: "Resume updates",
  themeToLight: "Use the light theme",
  themeToDark: "Use the dark theme",
  signOut: "Sign out",
  signedInTo: (firm: string) => `Signed in to ${firm}`,
  broken: "This page stopped working",
  brokenHelp:
    "Nothing was lost: what the host knows is unchanged. Reload the page; if it happens again, tell your support.",
  reload: "Reload",
  notFound: "There is no such page",
  notFoundHelp: "The address may be mistyped, or what it showed is gone.",
  toOverview: "Go to the overview",
  login: {
    title: "Sign in",
    intro: "Sign in with an API token of your firm. The start of the host prints a link that does it for you.",
    token: "API token",
    tokenHelp: "“casewire token” makes one. It is kept in a cookie's session and never shown to scripts.",
    submit: "Sign in",
    missing: "Enter the token.",
    wrong: "This token is not known. Tokens are shown once, when they are made: make a new one with “casewire token”.",
    linkWrong: "That link does not work any more. Start the host again for a new one, or enter a token.",
    tooMany: "Too many tries from this address. Wait a minute, then try again.",
    working: "Signing you in"
  }
} as const

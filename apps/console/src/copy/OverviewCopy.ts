/** Words of the overview. */
export const overviewCopy = {
  title: "Overview",
  what: "the overview",
  connections: "Connections",
  states: {
    new: "Not signed in yet",
    connected: "Connected",
    "reconnect-needed": "Sign-in needed",
    disconnected: "Disconnected",
    erasing: "Being removed",
    paused: "Paused",
    failing: "Needs attention"
  },
  lastSync: "Last sync",
  lastStatusPull: "Last status received",
  lastStatusPush: "Last status sent",
  lastWebhook: "Last webhook",
  waiting: "Waiting",
  waitingCount: (count: number) =>
    count === 0 ? "nothing" : count === 1 ? "1 item" : `${count.toLocaleString()} items`,
  attention: (count: number) =>
    count === 1 ? "1 item needs a person" : `${count.toLocaleString()} items need a person`,
  pausedHelp: "The master switch is off: nothing comes in and nothing goes out.",
  reconnectHelp: (crm: string) => `${crm} refused the sign-in. Nothing is lost; enter the present password.`,
  setup: "Set-up",
  setupDone: (done: number, of: number) => `${done} of ${of} done`,
  setupNext: (title: string) => `Next: ${title}`,
  openSetup: "Open set-up",
  configure: "Configuration",
  emptyTitle: "No CRM is connected yet",
  emptyHelp:
    "Once a CRM is connected, this page shows whether leads, notes and statuses flow, and what needs your attention.",
  connect: "Connect a CRM",
  connectNamed: (crm: string) => `Connect ${crm}`,
  trySandbox: "Try it with the sandbox",
  recent: "Latest activity",
  recentWhat: "the latest activity",
  recentEmpty: "Nothing has happened yet. The first webhook or message shows up here by itself.",
  allActivity: "All activity"
} as const

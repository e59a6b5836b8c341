/** Words of a connection's set-up page: the checklist, the sign-in, the webhook that listens. */
export const setupCopy = {
  title: "Set-up",
  intro: "Do the steps in this order. A step is ticked by what really happened, never by a click.",
  checklist: "Checklist",
  openConfiguration: "Open the switches",
  openFields: "Open case types and fields",
  checklistWhat: "the checklist",
  states: { done: "Done", open: "To do", optional: "Optional", attention: "Look at this" },
  signIn: "Sign-in",
  signInIntro: (crm: string) =>
    `What Casewire signs in to ${crm} with. Secrets are never shown again; they can be replaced.`,
  saved: "saved, not shown",
  notSaved: "not saved",
  notGiven: "not given",
  replace: "Replace sign-in details",
  replaceHelp: "Enter the secrets again as well: the saved ones cannot be shown, not even to you.",
  test: "Test the connection",
  webhook: "Webhook",
  webhookIntro: (crm: string) =>
    `${crm} tells Casewire about a lead by calling this address. Paste it there; it holds a secret, so treat it like a password.`,
  address: "Webhook address",
  addressMasked: "The secret part is shown only when it is made. If it is lost, make a new address and paste it again.",
  makeAddress: "Make the webhook address",
  newAddress: "Make a new address",
  newAddressTitle: "Make a new webhook address?",
  newAddressHelp: "The CRM must then be given the new one. Choose how long the old one goes on working meanwhile.",
  overlap: "Old address works for",
  overlapDays: (days: number) =>
    days === 0 ? "no time: it ends at once" : days === 1 ? "1 more day" : `${days} more days`,
  onceOnly: "Copy it now: this address is not shown again after you leave this page.",
  steps: (crm: string) => `In ${crm}`,
  listening: "Waiting for the first delivery. This page notices by itself.",
  received: "Last deliveries",
  receivedWhat: "the deliveries",
  dispositions: { accepted: "Accepted", ignored: "Not stored", test: "Test received", refused: "Refused" },
  dispositionHelp: {
    accepted: "",
    ignored: "The integration or receiving is switched off. The lead is read as soon as it is switched on.",
    test: "The CRM's test button was pressed: the address is right.",
    refused: "A required field is missing. Add it in the CRM, or say below under which name it comes."
  },
  lead: (id: string) => `Lead ${id}`,
  noLead: "no lead named",
  required: "Required fields",
  requiredStates: { present: "came", missing: "missing", blank: "empty" },
  nothing: "Nothing arrives?",
  nothingSeen: (count: number, refused: number) =>
    count === 0
      ? "Casewire has not received any call at this address yet. So the CRM did not send, or sent elsewhere."
      : `Casewire received ${count} ${count === 1 ? "call" : "calls"}, ${refused} of them refused.`,
  replay: "Judge it again",
  replayed: "Judged again",
  aliases: "Names of the required fields",
  aliasesIntro:
    "Firms choose the names in their webhook themselves. Where yours differ, write them here, with commas between them; common ones are known.",
  aliasLabel: (field: string) => `Further names for ${field}`,
  aliasesSave: "Save names",
  aliasesSaved: "The names are saved. Refused deliveries can be judged again.",
  aliasesWrong: "A name is used twice or is empty."
} as const

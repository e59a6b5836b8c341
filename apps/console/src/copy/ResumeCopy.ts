/** Words of the dry run before held status updates are replayed. */
export const resumeCopy = {
  title: "Replay status updates",
  intro: (crm: string) =>
    `Each waiting update beside what ${crm} holds now. Nothing is sent before you confirm, and each row is compared again when it is.`,
  planWhat: "the list",
  make: "Compare with the CRM now",
  making: "Comparing",
  nothing: "Nothing waits for an answer",
  nothingHelp: "Status sync is on, or was not turned off since it was last resumed.",
  expires: "This list is valid for ten minutes.",
  expired: "This list is too old by now. Compare again.",
  caption: "Waiting status updates",
  columns: { lead: "Lead", ours: "Waiting status", crm: "In the CRM now", verdict: "Verdict" },
  none: "unknown",
  verdicts: {
    safe: "Safe: the CRM still holds what it held",
    "would-overwrite-newer": "Would overwrite a newer status",
    same: "The same already",
    "not-mapped": "Not sent: no such status or case type there",
    missing: "The lead is not there",
    "cannot-tell": "Cannot tell: the CRM's value could not be read"
  } as Readonly<Record<string, string>>,
  totals: (verdict: string, count: number) => `${count.toLocaleString()} × ${verdict}`,
  confirmNumber: (count: number) =>
    `Type ${count} to confirm that ${count === 1 ? "one newer status is" : `${count} newer statuses are`} overwritten`,
  confirmWrong: "The number does not match.",
  start: (count: number, overwrites: number) =>
    overwrites === 0
      ? `Replay ${count.toLocaleString()}`
      : `Replay ${count.toLocaleString()}, overwriting ${overwrites.toLocaleString()} newer ${overwrites === 1 ? "status" : "statuses"}`,
  fromNow: "Skip them and go on from now",
  done: (count: number) => `${count.toLocaleString()} updates are on their way.`,
  doneHelp: "Each is compared once more before it is written; what changed meanwhile is skipped.",
  back: "Back to the configuration"
} as const

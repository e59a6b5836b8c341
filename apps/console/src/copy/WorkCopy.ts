/** What the host's work is called for people: each kind of job, each state, each reason that is common. */
export const workCopy = {
  kinds: {
    "apply-receipt": "Webhook taken in",
    "read-case": "Lead read",
    "add-note": "Note",
    "push-status": "Status",
    "push-fields": "Fields",
    "push-document": "Document",
    notify: "Webhook to your tools",
    pull: "Look for changes",
    "pull-notes": "Notes read",
    "pull-documents": "Documents read",
    sweep: "Nightly comparison",
    "import-history": "History import",
    "import-cases": "Import of cases",
    "erase-connection": "Removal"
  } as Readonly<Record<string, string>>,
  states: {
    queued: "Waiting",
    held: "Held",
    sending: "Being sent",
    done: "Done",
    retry: "Trying again",
    uncertain: "Uncertain",
    dead: "Stopped",
    skipped: "Skipped"
  },
  stateHelp: {
    queued: "It waits for its turn.",
    held: "It waits for a switch or for your answer.",
    sending: "It was sent, and the answer is awaited or looked for.",
    done: "It is done.",
    retry: "It did not work yet and is tried again by itself.",
    uncertain: "The CRM may or may not have it and cannot be asked. A person has to look.",
    dead: "It did not work and is not tried again by itself.",
    skipped: "A person or a rule decided not to do it."
  },
  directions: { in: "From the CRM", out: "To the CRM", inside: "Inside" },
  lead: (id: string) => `Lead ${id}`,
  attempts: (count: number) => (count === 1 ? "1 failed try" : `${count} failed tries`),
  verbs: {
    replay: "Send again",
    release: "Release",
    hold: "Hold",
    skip: "Do not send",
    confirm: "It is there"
  },
  verbDone: (verb: string, count: number) => `${verb}: ${count === 1 ? "1 item" : `${count} items`}.`,
  nothingChanged: "Nothing was changed: its state is another one by now."
} as const

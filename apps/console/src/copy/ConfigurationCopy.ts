/** Words of the switches, in the order in which it is safe to turn them on, and of the question how to resume. */
export const configurationCopy = {
  title: "Configuration",
  intro: "Turn the switches on from top to bottom, and status sync last. Every one can be turned off at any time.",
  groups: { master: "Everything", receive: "Receiving", send: "Sending", status: "Statuses" },
  switches: {
    enabled: {
      name: () => "Integration on",
      help: () => "The master switch. Off pauses everything and keeps the connection and its settings."
    },
    receive: {
      name: (crm: string) => `Receive from ${crm}`,
      help: () => "Brings in cases, leads, notes and documents."
    },
    send: {
      name: (crm: string) => `Send to ${crm}`,
      help: () => "Allows anything to go out. What goes out is chosen below."
    },
    sendFields: {
      name: () => "Mapped fields",
      help: () => "Changed field values, for linked case types only. Needs receiving, too."
    },
    sendMessages: {
      name: () => "Messages",
      help: (_crm: string, place: string | undefined) =>
        place === undefined
          ? "Each message becomes a note."
          : `Each message becomes a note. Look for it under: ${place}.`
    },
    sendCalls: {
      name: () => "Call records",
      help: () => "Details and transcript of a call as a note, its recording as a link or a file."
    },
    sendDocuments: {
      name: () => "Documents",
      help: () => "Uploads files into the CRM's own documents, not among its notes."
    },
    syncStatuses: {
      name: () => "Status sync",
      help: () => "A status changed on either side changes the other. Turn it on last."
    }
  },
  blockedTitle: (name: string) => `“${name}” cannot be turned on yet`,
  blockedIntro: "What is missing:",
  missing: {
    connected: "The CRM is not connected: test the connection first.",
    enabled: "“Integration on” is off.",
    receive: (crm: string) => `“Receive from ${crm}” is off.`,
    send: (crm: string) => `“Send to ${crm}” is off.`,
    links: "No case type is linked.",
    capability: (reason: string) => `The CRM's plugin cannot do this: ${reason}`
  },
  toSetup: "Go to the set-up",
  early: "No webhook has arrived yet. Turn this on all the same if you know that the address is pasted.",
  offTitle: "Turn the whole integration off?",
  offHelp:
    "Nothing comes in and nothing goes out. Status changes are held and you are asked about them later; messages, calls and documents of that time are not sent afterwards.",
  offConfirm: "Turn it off",
  changed: (name: string, isOn: boolean) => `${name} is ${isOn ? "on" : "off"}.`,
  undo: "Undo",
  failed: "The switch could not be changed",
  waitingTitle: (count: number, since: string) =>
    `${count} status ${count === 1 ? "update" : "updates"} waited while status sync was off (since ${since})`,
  waitingNothing: "Status sync was off for a while. Nothing waits to be sent.",
  resumeFromNow: "From now on",
  resumeFromNowHelp: (crm: string) => `Skips what waited. Nothing in ${crm} changes now.`,
  resumeReplay: "Replay what waited",
  resumeReplayHelp: (crm: string) =>
    `Sends older updates. They may replace newer statuses in ${crm}. You look at the list first.`,
  resumeUnsure: "Not sure? Choose “From now on”.",
  resumeConfirm: "Go on from now",
  resumeLook: "Look at the list",
  resumeNotice: (count: number) =>
    count === 1 ? "1 status update waits for your answer." : `${count} status updates wait for your answer.`,
  resumeAnswer: "Answer now",
  resumed: (skipped: number) =>
    skipped === 0
      ? "Status sync goes on from now."
      : `Status sync goes on from now; ${skipped} waiting updates were skipped.`
} as const

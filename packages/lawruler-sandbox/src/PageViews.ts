/**
 * The web pages: all portals, one portal, one lead. They show what the admin API
 * shows, and offer its few buttons as plain forms.
 */
import type { Answer } from "./Answer.ts"
import { fullName, type Lead, type Note } from "./Lead.ts"
import { html, type Markup } from "./Markup.ts"
import { page, table, when } from "./PageLayout.ts"
import { caseTypeName, contactOf, folderPath, type Portal, statusesOf, statusName } from "./Portal.ts"
import type { Delivery, WebhookRow } from "./WebhookRow.ts"

const rowsShown = 100

const pathOf = (portal: Portal): string => `/_sandbox/ui/${portal.credentials.root}`

const leadLink = (portal: Portal, leadId: number): Markup =>
  html`<a href="${pathOf(portal)}/leads/${leadId}">${leadId}</a>`

export const home = (portals: ReadonlyArray<Portal>, said: string | undefined): Answer =>
  page(
    "Portals",
    html`${table(
        "Portals",
        ["Client root", "Leads", "Webhook rows", "Deliveries"],
        portals.map((portal) => [
          html`<a href="${pathOf(portal)}">${portal.credentials.root}</a>`,
          String(portal.leads.size),
          String(portal.webhooks.size),
          String(portal.deliveries.length)
        ])
      )}
      <form method="post" action="/_sandbox/ui/reset"><button>Reset everything to the seed</button></form>`,
    { said }
  )

const outcomeOf = (delivery: Delivery): string =>
  delivery.status === null
    ? (delivery.error ?? "under way")
    : `${delivery.status} ${(delivery.answer ?? "").slice(0, 200)}`

/** The token in a webhook URL is a secret; the page may end up in a screenshot. */
const maskedUrl = (url: string): string => url.replace(/([?&][^=&]*(?:token|secret|key)[^=&]*=)[^&]*/gi, "$1…")

const deliveries = (portal: Portal, of: ReadonlyArray<Delivery>): Markup =>
  table(
    "Deliveries",
    ["No.", "When", "Row", "Lead", "Attempt", "Answer", "Sent"],
    of
      .toReversed()
      .slice(0, rowsShown)
      .map((delivery) => [
        String(delivery.deliveryId),
        when(delivery.startedAt),
        String(delivery.webhookId),
        delivery.leadId === null ? "Test" : leadLink(portal, delivery.leadId),
        delivery.fault === undefined ? String(delivery.attempt) : `${delivery.attempt} (${delivery.fault})`,
        outcomeOf(delivery),
        html`<details>
          <summary>Body of ${delivery.deliveryId}</summary>
          <pre>${delivery.requestBody.slice(0, 4000)}</pre>
        </details>`
      ])
  )

const selection = (chosen: "all" | ReadonlyArray<number>, name: (id: number) => string): string =>
  chosen === "all" ? "all" : chosen.map(name).join(", ")

const webhookRows = (portal: Portal): Markup =>
  table(
    "Webhook rows",
    ["No.", "Name", "API URL", "Case types", "Statuses", "State", "Test"],
    [...portal.webhooks.values()].map((row: WebhookRow) => [
      String(row.webhookId),
      row.name,
      html`${row.method} ${maskedUrl(row.url)} <span class="dim">(${row.encoding})</span>`,
      selection(row.caseTypes, (id) => caseTypeName(portal, id)),
      selection(row.statuses, (id) => statusName(portal, id)),
      row.enabled ? "on" : "off",
      html`<form method="post" action="${pathOf(portal)}/webhooks/${row.webhookId}/test">
        <button>Test row ${row.webhookId}</button>
      </form>`
    ])
  )

const pick = (label: string, name: string, options: ReadonlyArray<{ id: number; name: string }>): Markup =>
  html`<p>
    <label
      >${label}
      <select name="${name}">
        <option value="all">all</option>
        ${options.map((option) => html`<option value="${option.id}">${option.name}</option>`)}
      </select></label
    >
  </p>`

export const portalPage = (portal: Portal, said: string | undefined): Answer => {
  const leads = [...portal.leads.values()].sort((a, b) => b.updateDateTime - a.updateDateTime)
  return page(
    `Portal ${portal.credentials.root}`,
    html`<h2>Leads</h2>
      <p class="dim">${leads.length} in all, the latest changes first.</p>
      <form method="get" action="${pathOf(portal)}/leads">
        <p>
          <label>Lead ID <input class="short" name="lead" inputmode="numeric" required /></label>
        </p>
        <p><button>Show lead</button></p>
      </form>
      ${table(
        "Leads",
        ["Lead", "Name", "Case type", "Status", "Notes", "Changed"],
        leads
          .slice(0, rowsShown)
          .map((lead) => [
            leadLink(portal, lead.leadId),
            lead.displayName,
            caseTypeName(portal, lead.caseTypeId),
            statusName(portal, lead.statusId),
            String(lead.notes.length),
            when(lead.updateDateTime)
          ])
      )}
      <h2>Webhook rows</h2>
      ${webhookRows(portal)}
      <h3>Add a row</h3>
      <form method="post" action="${pathOf(portal)}/webhooks">
        <p>
          <label>API URL<br /><input name="url" type="url" required /></label>
        </p>
        ${pick("Case types", "caseTypes", portal.caseTypes)}${pick("Statuses", "statuses", portal.statuses)}
        <p><button>Add row with the ten required fields</button></p>
      </form>
      <h2>Deliveries</h2>
      ${deliveries(portal, portal.deliveries)}
      <h2>API calls</h2>
      ${table(
        "API calls",
        ["When", "Call", "Operation", "Status"],
        portal.calls
          .toReversed()
          .slice(0, rowsShown)
          .map((call) => [
            when(call.at),
            `${call.method} ${call.path}`,
            call.operation,
            call.fault === undefined ? String(call.status) : `${call.status} (${call.fault})`
          ])
      )}
      <h2>Faults that wait</h2>
      ${table(
        "Faults",
        ["No.", "On", "Kind", "Turns left"],
        portal.faults.map((fault) => [String(fault.faultId), fault.on, fault.kind, String(fault.times)])
      )}`,
    { said }
  )
}

const notesByCategory = (lead: Lead): ReadonlyArray<Markup> =>
  [...new Set(lead.notes.map(({ category }) => category))].sort().map(
    (category) =>
      html`<h3>${category}</h3>
        ${lead.notes
          .filter((note) => note.category === category)
          .toReversed()
          .map(
            (note: Note) =>
              html`<article aria-label="Note ${note.noteId}">
                <p class="dim">${when(note.createdAt)}, ${note.author}</p>
                <pre>${note.text}</pre>
              </article>`
          )}`
  )

const details = (pairs: ReadonlyArray<readonly [string, string]>): Markup =>
  html`<dl>
    ${pairs.map(
      ([term, value]) =>
        html`<dt>${term}</dt>
          <dd>${value === "" ? "(blank)" : value}</dd>`
    )}
  </dl>`

export const leadPage = (portal: Portal, lead: Lead, said: string | undefined): Answer => {
  const contact = contactOf(portal, lead)
  const label = (key: string) => portal.fields.find(({ number }) => `Custom${number}` === key)?.label ?? key
  const here = `${pathOf(portal)}/leads/${lead.leadId}`
  return page(
    `Lead ${lead.leadId}: ${lead.displayName}`,
    html`<p><a href="${pathOf(portal)}">Portal ${portal.credentials.root}</a></p>
      <form method="post" action="${here}/status">
        <p>
          <label
            >Status<br /><select name="status">
              ${statusesOf(portal, lead.caseTypeId).map(
                ({ id, name }) =>
                  html`<option value="${id}" ${id === lead.statusId ? html` selected` : html``}>${name}</option>`
              )}
            </select></label
          >
        </p>
        <p><button>Change status</button></p>
      </form>
      <form method="post" action="${here}/send"><button>Send via Webhook</button></form>
      <h2>Intake details</h2>
      ${details([
        ["Case type", `${caseTypeName(portal, lead.caseTypeId)} (${lead.caseTypeId})`],
        ["Status", `${statusName(portal, lead.statusId)} (${lead.statusId})`],
        [
          "Contact",
          contact === undefined
            ? "none"
            : `${fullName(contact)} (${contact.contactId}), ${contact.phone}, ${contact.email}`
        ],
        ["Assignee", lead.assignee],
        ["Owner", lead.owner],
        ["Tags", lead.tags.join(", ")],
        ...lead.fields
      ])}
      <h2>Intake form</h2>
      ${details([...lead.custom].map(([key, value]) => [`${label(key)} (${key})`, value] as const))}
      <h2>Notes</h2>
      ${lead.notes.length === 0 ? html`<p class="dim">None.</p>` : notesByCategory(lead)}
      <h2>Documents</h2>
      ${table(
        "Documents",
        ["No.", "Folder", "Name", "Type", "Bytes", "Filed"],
        lead.documents.map((document) => {
          const folder = portal.folders.find(({ folderId }) => folderId === document.folderId)
          return [
            String(document.documentId),
            folder === undefined ? "" : folderPath(portal, folder),
            document.name === "" ? "(no name)" : document.name,
            document.contentType,
            String(document.content.length),
            when(document.createdAt)
          ]
        })
      )}
      <h2>Status history</h2>
      ${table(
        "Status history",
        ["When", "Status", "By"],
        lead.statusHistory.toReversed().map((change) => [when(change.at), change.status, change.by])
      )}
      <h2>Deliveries</h2>
      ${deliveries(
        portal,
        portal.deliveries.filter(({ leadId }) => leadId === lead.leadId)
      )}`,
    { said }
  )
}

/**
 * What a handler answers, before any fault got at it: plain data, so that a fault
 * can cut it, slow it down or throw it away after the work was done.
 */

export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string | Uint8Array
}

const answer = (status: number, contentType: string, body: string | Uint8Array, headers = {}): Answer => ({
  status,
  headers: { "content-type": contentType, ...headers },
  body
})

export const json = (value: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  answer(status, "application/json; charset=utf-8", JSON.stringify(value), headers)

export const html = (body: string, status = 200, headers: Record<string, string> = {}): Answer =>
  answer(status, "text/html; charset=utf-8", body, headers)

export const xml = (body: string): Answer => answer(200, "text/xml; charset=utf-8", body)

export const csv = (body: string): Answer => answer(200, "text/csv; charset=utf-8", body)

export const bytes = (body: Uint8Array, contentType: string, headers: Record<string, string>): Answer =>
  answer(200, contentType, body, headers)

export const redirect = (location: string): Answer =>
  answer(303, "text/plain; charset=utf-8", "See other", { location })

export const empty = (status: number): Answer => ({ status, headers: {}, body: "" })

export const bodyBytes = (of: Answer): Uint8Array =>
  typeof of.body === "string" ? new TextEncoder().encode(of.body) : of.body

/** `&`, `<`, `>` and both quotes, fit for HTML and XML text and attributes alike. */
export const escapeMarkup = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** ASP.NET's yellow screen, as a portal with custom errors off shows it. */
export const aspNetError = (headline: string): Answer =>
  html(
    `<!DOCTYPE html><html><head><title>Runtime Error</title></head><body bgcolor="white">` +
      `<h1>Server Error in '/' Application.<hr width=100% size=1 color=silver></h1>` +
      `<h2><i>${escapeMarkup(headline)}</i></h2></body></html>`,
    500,
    { "x-powered-by": "ASP.NET" }
  )

/** What a wildcard host answers for a firm that does not exist. */
export const unknownPortal = (): Answer =>
  html(
    "<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head>" +
      "<body><h2>404 - File or directory not found.</h2><h3>The resource you are looking for might have been removed, " +
      "had its name changed, or is temporarily unavailable.</h3></body></html>",
    404
  )

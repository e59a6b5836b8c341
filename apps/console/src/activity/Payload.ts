/** A webhook's body as names and values, whatever form it came in. A plain decision; everything stays text. */

/** Names and values of a form or of a flat object; anything else as it is. */
export const entriesOf = (mediaType: string, body: string): ReadonlyArray<readonly [string, string]> => {
  if (body === "") return []
  if (mediaType.includes("form-urlencoded")) return [...new URLSearchParams(body)]
  try {
    const parsed: unknown = JSON.parse(body)
    if (Array.isArray(parsed) && parsed.every((pair) => Array.isArray(pair) && pair.length === 2))
      return parsed.map(([name, value]) => [String(name), String(value)])
    if (typeof parsed === "object" && parsed !== null)
      return Object.entries(parsed).map(([name, value]) => [
        name,
        typeof value === "string" ? value : JSON.stringify(value)
      ])
  } catch {
    // Not JSON: shown whole below.
  }
  return [["", body]]
}

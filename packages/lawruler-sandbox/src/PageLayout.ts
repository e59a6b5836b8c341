/**
 * The frame of every web page of the sandbox: landmarks, one style sheet, light
 * and dark. No script, no outside request; the policy header forbids both.
 */
import { createHash } from "node:crypto"
import { type Answer, html as htmlAnswer } from "./Answer.ts"
import { html, Markup } from "./Markup.ts"

const style = `
:root{color-scheme:light dark;--text:#1b1f24;--dim:#4a5460;--back:#fff;--card:#f3f5f8;--line:#8a94a0;--link:#0b4fb8;--button:#0b4fb8;--on-button:#fff}
@media (prefers-color-scheme:dark){:root{--text:#e8eaed;--dim:#b4bcc6;--back:#14171a;--card:#1f2428;--line:#78828d;--link:#9cc2ff;--button:#9cc2ff;--on-button:#0b1b33}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:0 1rem 3rem;font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--back)}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;background:var(--back)}
header{padding:1rem 0;border-bottom:1px solid var(--line)}nav a{margin-right:1rem}
h1{font-size:1.6rem;overflow-wrap:anywhere}h2{font-size:1.25rem;margin-top:2rem}h3{font-size:1.05rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
td{overflow-wrap:break-word;min-width:6ch;max-width:60ch}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);padding:.6rem;margin:.3rem 0}
dt{color:var(--dim)}dd{margin:0 0 .4rem;overflow-wrap:anywhere}
form{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end;margin:.6rem 0}
form p{margin:0;max-width:100%}label{display:block}select,input{font:inherit;max-width:100%;padding:.4rem;color:var(--text);background:var(--back);border:1px solid var(--line);border-radius:.25rem}
input{width:30rem}.short{width:9rem}button{font:inherit;padding:.45rem .9rem;border:0;border-radius:.25rem;color:var(--on-button);background:var(--button);cursor:pointer}
.said{padding:.6rem;border-left:.3rem solid var(--link);background:var(--card)}.dim{color:var(--dim)}
`

const policy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join("; ")

/** Whole, because the policy holds a hash of every byte between the tags. */
const styleElement = new Markup(`<style>${style}</style>`)

export const page = (
  title: string,
  main: Markup,
  options: { said?: string | undefined; status?: number } = {}
): Answer => {
  const said =
    options.said === undefined || options.said === ""
      ? html``
      : html`<p class="said" role="status">${options.said.slice(0, 300)}</p>`
  const document = html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · Law Ruler sandbox</title>
        ${styleElement}
      </head>
      <body>
        <a class="skip" href="#main">Skip to content</a>
        <header>
          <nav aria-label="Sandbox"><a href="/">Law Ruler sandbox</a></nav>
        </header>
        <main id="main">
          <h1>${title}</h1>
          ${said}${main}
        </main>
      </body>
    </html>`
  return htmlAnswer(document.text, options.status ?? 200, {
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store"
  })
}

/** A table that scrolls by itself on a narrow screen, by keyboard too. */
export const table = (
  caption: string,
  headings: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | Markup>>
): Markup =>
  rows.length === 0
    ? html`<p class="dim">None.</p>`
    : html`<div class="scroll" role="region" aria-label="${caption}" tabindex="0">
        <table>
          <thead>
            <tr>
              ${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${rows.map(
              (cells) =>
                html`<tr>
                  ${cells.map((cell) => html`<td>${cell}</td>`)}
                </tr>`
            )}
          </tbody>
        </table>
      </div>`

export const when = (instant: number): Markup => {
  const iso = new Date(instant).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace("T", " ")} UTC</time>`
}

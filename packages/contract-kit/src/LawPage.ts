/**
 * The page that explains every law, made from the laws themselves. A report links into it, so it is shipped with this
 * package; a test compares the file with what is made here.
 */
import { lawGroups } from "./CrmLaws.ts"

const intro = `# The laws of a CRM plugin

Each law is one promise that Casewire builds on: a sentence, and a program that tries it against a plugin and its
sandbox. This page is made from the laws; \`npm run x -- vitest run packages/contract-kit/test/LawPage.test.ts -u\` writes
it anew.

A law may be skipped in a plugin's \`package.json\`, under \`casewire.skip\`, with its title and a written reason; the
reason is printed with every run. What a CRM cannot do at all is not skipped but declared: the manifest's capability
holds the reason, its laws are not asked, and one law remains, that a call all the same fails with \`CrmUnsupported\`.
`

const words: Readonly<Record<string, string>> = {
  notes: "the plugin carries notes",
  statuses: "the plugin sets statuses",
  fields: "the plugin writes fields",
  changes: "the plugin can be asked for what changed",
  documents: "the plugin carries documents"
}

export const lawPage = (): string =>
  [
    intro.trimEnd(),
    ...lawGroups.flatMap(({ laws, title }) => {
      const capability = laws[0]?.capability
      return [
        `## ${title}`,
        `${laws.length} laws, ${capability === undefined ? "for every plugin" : `where ${words[capability]}`}.`,
        ...laws.map((law) => `### ${law.title}\n\n${law.why}`)
      ]
    })
  ].join("\n\n") + "\n"

/** Where a law stands on the page, as the usual renderers of Markdown name a heading. */
export const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")

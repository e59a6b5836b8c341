/** What the steps of the demo share: the world, what earlier steps made, and the power over the host's process. */
import type { HostOptions } from "../harness/Processes.ts"
import type { Tools } from "../harness/Tools.ts"
import { eventually, expectEqual, type World } from "../harness/World.ts"

export interface Story {
  readonly world: World
  readonly options: HostOptions
  /** The firm's own tool that the host tells what happened. */
  readonly tools: Tools
  connectionId: string
  webhookId: string
  caseId: string
  readonly killHost: () => Promise<void>
  readonly startHost: () => Promise<void>
}

export interface Step {
  readonly name: string
  readonly run: (story: Story) => Promise<void>
}

/** The lead of the seed that the story is about. */
export const leadId = 248199

export const caseOf = async (story: Story, externalId: number | string = leadId) => {
  const { body } = await story.world.api("GET", `/cases?connectionId=${story.connectionId}&externalId=${externalId}`)
  return body.cases[0]
}

export const notesOf = async (story: Story, containing: string) => {
  const lead = await story.world.lead(leadId)
  return lead.notes.filter((note: { text: string }) => note.text.includes(containing))
}

/** The status both sides hold, verified. */
export const bothHold = (story: Story, platform: string, crm = platform) =>
  eventually(async () => {
    const found = await caseOf(story)
    const lead = await story.world.lead(leadId)
    expectEqual("the status on both sides", [found?.status.value, lead.status], [platform, crm])
  })

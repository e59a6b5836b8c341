/** The URL that `casewire start` registered in its sandbox. */
export const webhookUrl = async (sandboxUrl: string): Promise<string> => {
  const state = (await (await fetch(`${sandboxUrl}/_sandbox/portals/harbor/state`)).json()) as {
    webhooks: ReadonlyArray<{ url: string; name: string }>
  }
  const row = state.webhooks.find(({ name }) => name === "Casewire")
  if (row === undefined) throw new Error("the demo connection's webhook row is not in the sandbox")
  return row.url
}

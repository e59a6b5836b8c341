/** The store alone, for the host and for what is done while it is stopped. */
import { layerSqlite } from "@casewire/adapters-db/Sqlite"
import { Effect, Layer } from "effect"
import { dataFolder, readKey, type Settings } from "./Settings.ts"

/** The store of this data folder: transactions, queue, cases, connections, documents. */
export const layerStore = (settings: Settings) =>
  Layer.unwrap(
    Effect.map(readKey(settings), ({ kek, kekId }) => {
      const { documents, store } = dataFolder(settings.data)
      return layerSqlite({ file: store, documents, kek, kekId })
    })
  )

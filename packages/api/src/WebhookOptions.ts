/** What a webhook's URL may ask of lists and campaigns. */
import { Schema } from "effect"

const Short = Schema.String.check(Schema.isMaxLength(500))

export const WebhookOptions = Schema.Struct({
  list_id: Schema.optionalKey(Short),
  list_name: Schema.optionalKey(Short),
  list_action: Schema.optionalKey(Schema.Literals(["add", "attach", "remove", "detach"])),
  remove_from_list: Schema.optionalKey(Schema.Literals(["true", "false"])),
  campaign_id: Schema.optionalKey(Short)
})

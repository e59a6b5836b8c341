/** The navigation of a narrow screen. Loaded when it is first opened. */
import { Dialog } from "@base-ui/react/dialog"
import { X } from "lucide-react"
import { shellCopy } from "../copy/ShellCopy.ts"
import { Navigation } from "./Navigation.tsx"

export const NavigationDialog = ({
  attention,
  onClose
}: {
  readonly attention: number
  readonly onClose: () => void
}) => (
  <Dialog.Root open onOpenChange={(open) => (open ? undefined : onClose())}>
    <Dialog.Portal>
      <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/50" />
      <Dialog.Popup className="fixed inset-y-0 start-0 z-50 w-72 max-w-[85vw] space-y-4 overflow-y-auto bg-surface p-4">
        <div className="flex items-center justify-between">
          <Dialog.Title className="font-bold">{shellCopy.navigation}</Dialog.Title>
          <Dialog.Close
            aria-label={shellCopy.closeNavigation}
            className="inline-flex size-10 items-center justify-center rounded-md hover:bg-raised"
          >
            <X aria-hidden="true" size={20} />
          </Dialog.Close>
        </div>
        <Navigation attention={attention} onNavigate={onClose} />
      </Dialog.Popup>
    </Dialog.Portal>
  </Dialog.Root>
)

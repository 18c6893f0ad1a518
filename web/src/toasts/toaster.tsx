import { Notifications } from '@mantine/notifications'
import classes from './toaster.module.css'

export function Toaster() {
  return (
    <section aria-label="Notifications">
      <Notifications
        position="bottom-right"
        limit={4}
        transitionDuration={180}
        notificationMaxHeight="80vh"
        withinPortal={false}
        classNames={{ root: classes.root, notification: classes.toast }}
      />
    </section>
  )
}

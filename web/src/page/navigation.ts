/** Whether the page in sight came by navigation or is the one that the app was opened on. */
let navigated = false

export const noteNavigation = () => {
  navigated = true
}

export const wasNavigatedTo = () => navigated

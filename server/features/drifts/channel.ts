/** The one channel in which the events of all drifts are. */
export const driftsChannel = 'drifts'

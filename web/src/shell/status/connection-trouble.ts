/** What is wrong with the connection, if it has been wrong for longer than a hiccup. */
import { useEffect, useState, useSyncExternalStore } from 'react'
import { plinth, queryClient } from '../../plinth.ts'

const hiccupMs = 3000

const followConnection = (listener: () => void) => plinth.connection.onChange(listener)
const connectionState = () => plinth.connection.state

const followNetwork = (listener: () => void) => {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}
const isOnline = () => navigator.onLine

export function useConnectionTrouble(wantsLive: boolean): 'offline' | 'reconnecting' | null {
  const state = useSyncExternalStore(followConnection, connectionState)
  const online = useSyncExternalStore(followNetwork, isOnline)
  // A socket that the server wants no sign-in less from is the session's affair, not the network's.
  const isDown = wantsLive && state !== 'connected' && state !== 'needs-auth'
  const [isLost, setLost] = useState(false)

  useEffect(() => {
    if (!isDown) return setLost(false)
    const timer = setTimeout(() => setLost(true), hiccupMs)
    return () => clearTimeout(timer)
  }, [isDown])

  useEffect(() => {
    // Back from an absence: whatever happened meanwhile went unheard.
    if (isLost) return () => void queryClient.invalidateQueries()
  }, [isLost])

  if (!online) return 'offline'
  return isLost ? 'reconnecting' : null
}

/** All faults, in the order in which they are put in. */
import { accessFaults } from './access-faults.ts'
import { channelFaults } from './channel-faults.ts'
import { databaseFaults } from './database-faults.ts'
import type { Fault } from './fault.ts'
import { featureFaults } from './feature-faults.ts'
import { invitationFaults } from './invitation-faults.ts'
import { requestFaults } from './request-faults.ts'
import { signInFaults } from './sign-in-faults.ts'
import { simulationFaults } from './simulation-faults.ts'

export const faults: readonly Fault[] = [
  ...databaseFaults,
  ...accessFaults,
  ...signInFaults,
  ...requestFaults,
  ...channelFaults,
  ...simulationFaults,
  ...featureFaults,
  ...invitationFaults,
]

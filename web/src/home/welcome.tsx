/** Home for visitors: what Plinth is, what it consists of, and what of it is public. */
import { Button, Group, Stack, Text } from '@mantine/core'
import { IconChevronRight } from '@tabler/icons-react'
import { Link, useLoaderData } from '@tanstack/react-router'
import { Page } from '../page/page.tsx'
import rows from '../page/row.module.css'
import { Row } from '../page/row.tsx'
import { Section } from '../page/section.tsx'
import { useProducts } from '../products/use-products.ts'

export function Welcome() {
  const products = useProducts()
  const { publicSections } = useLoaderData({ from: '/' })
  return (
    <Page title="Home" heading="Plinth">
      <Text fz="lg" maw="36rem" mb="lg">
        Plinth is the workspace of your team, with one account and the same data on every device.
      </Text>
      <Group gap="sm" mb="lg">
        <Button size="md" renderRoot={(props) => <Link to="/sign-in" {...props} />}>
          Sign in
        </Button>
        <Button size="md" variant="default" renderRoot={(props) => <Link to="/register" {...props} />}>
          Create an account
        </Button>
      </Group>
      <Stack gap="lg">
        <Section title="What it offers">
          <ul className={rows.list} aria-label="Products">
            {products.map(
              ({ name, about, navigation }) =>
                about &&
                navigation && (
                  <li key={name}>
                    <Link to={navigation.path} className={rows.link}>
                      <Row
                        icon={navigation.icon}
                        strong={name}
                        quiet={about}
                        side={<IconChevronRight size="1.25rem" aria-hidden />}
                      />
                    </Link>
                  </li>
                ),
            )}
          </ul>
        </Section>
        {publicSections.map(({ name, PublicSection }) => (
          <PublicSection key={name} />
        ))}
      </Stack>
    </Page>
  )
}

export function BrandMark({ size = '2rem' }: { size?: string }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--mantine-primary-color-filled)" />
      <path fill="#fff" d="M12 6h8v3h-8zM13 10.5h6v8h-6zM10 20h12v3H10zM7 24.5h18V28H7z" />
    </svg>
  )
}

/** Line icons on a 20-unit grid, drawn for this dashboard. */

const SHAPES = {
  warehouses: "M3 17V8l7-4 7 4v9M6.5 17v-6h7v6M6.5 14h7",
  agents: "M5 4h10v4H5zM5 12h10v4H5zM8 6h.01M8 14h.01",
  overview: "M3 3h6v6H3zM11 3h6v4h-6zM11 9h6v8h-6zM3 11h6v6H3z",
  orders: "M5 3h10v14l-2.5-1.6L10 17l-2.5-1.6L5 17zM8 7h4M8 10.5h4",
  jobs: "M4 16V9M8.5 16V4M13 16v-5M17 16V7",
  imports: "M10 13V4M6.5 7.5 10 4l3.5 3.5M4 13v3h12v-3",
  play: "M6 4l10 6-10 6z",
  pause: "M6.5 4v12M13.5 4v12",
  download: "M10 4v9M6.5 9.5 10 13l3.5-3.5M4 16h12",
  print: "M6 7V3h8v4M6 14H3V7h14v7h-3M6 11h8v6H6z",
  report: "M5 3h7l3 3v11H5zM12 3v3h3M8 10h4M8 13h4",
  more: "M10 5v10M5 10h10",
} as const;

export function Icon({ name }: { name: keyof typeof SHAPES }) {
  return (
    <svg className="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d={SHAPES[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" width="30" height="30" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path className="mark-racks" d="M8 25V7M16 25V12M24 25V7" />
      <path className="mark-route" d="M12 26V9.5A1.5 1.5 0 0 1 13.500 8h5A1.500 1.500 0 0 1 20 9.500V26" />
    </svg>
  );
}

import { Icon } from '../shared/ui/icons.tsx';

const shapes = {
  dashboard: 'M2 14h12M3.5 11V8M8 11V3M12.5 11V6',
  ride: 'M3.5 13a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M12.5 13a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M3.5 10.5 6 5h4l2.5 5.500M6 5l3 5.500M9.5 3H11',
  fleet: 'M2 4h12M2 8h12M2 12h7M12 10.500v3M10.5 12h3',
  playground: 'M5 4 1.5 8 5 12M11 4l3.5 4L11 12M9.3 2.5 6.7 13.5',
};

export function NavIcon({ name }: { name: keyof typeof shapes }) {
  return (
    <Icon>
      <path d={shapes[name]} />
    </Icon>
  );
}

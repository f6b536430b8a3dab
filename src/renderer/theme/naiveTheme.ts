import type { GlobalThemeOverrides } from 'naive-ui'

/** Makes naive-ui's components wear the window's own colours (tokens.css), read from the document once per theme. */
export function naiveOverrides(root: HTMLElement): GlobalThemeOverrides {
  const style = getComputedStyle(root)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  const accent = token('--accent')
  const strong = token('--accent-strong')
  return {
    common: {
      fontFamily: token('--font-text'),
      fontFamilyMono: token('--font-code'),
      fontSize: '13px',
      fontSizeSmall: '12px',
      borderRadius: '5px',
      borderRadiusSmall: '4px',
      primaryColor: accent,
      primaryColorHover: strong,
      primaryColorPressed: accent,
      primaryColorSuppl: strong,
      errorColor: token('--bad'),
      warningColor: token('--warning'),
      successColor: token('--good'),
      bodyColor: token('--ground'),
      cardColor: token('--surface'),
      popoverColor: token('--surface-raised'),
      modalColor: token('--surface'),
      inputColor: token('--surface-sunken'),
      tableColor: token('--surface'),
      borderColor: token('--line'),
      dividerColor: token('--line'),
      textColor1: token('--text'),
      textColor2: token('--text'),
      textColor3: token('--text-dim'),
      placeholderColor: token('--text-faint')
    },
    Button: {
      fontWeight: '500',
      heightMedium: '30px',
      fontSizeMedium: '13px',
      textColorPrimary: token('--on-accent'),
      textColorHoverPrimary: token('--on-accent'),
      textColorPressedPrimary: token('--on-accent'),
      textColorFocusPrimary: token('--on-accent'),
      textColorDisabledPrimary: token('--on-accent')
    }
  }
}

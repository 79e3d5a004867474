<?xml version="1.0" encoding="UTF-8"?>
<!-- Amounts: exact decimal arithmetic on texts.

     XSLT 1.0 counts in binary fractions: 1.005 times 100 is 100.49999999999999 there. So every value is
     taken apart into its digits, as a whole number, and the place of its decimal mark. Whole numbers up
     to fifteen digits are exact. What would need more stops the mapping with a message; nothing is
     rounded silently. Halves are rounded away from zero. -->
<xsl:stylesheet version="1.0"
    xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:exsl="http://exslt.org/common"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
    exclude-result-prefixes="exsl">

  <!-- A monetary amount in the given element, unless there is no value. -->
  <xsl:template name="amount">
    <xsl:param name="name"/>
    <xsl:param name="value"/>
    <xsl:param name="currency"/>
    <xsl:if test="string($value)">
      <xsl:element name="cbc:{$name}">
        <xsl:attribute name="currencyID"><xsl:value-of select="$currency"/></xsl:attribute>
        <xsl:value-of select="$value"/>
      </xsl:element>
    </xsl:if>
  </xsl:template>

  <!-- "201.0" as "201.00", "0.125" as "0.13": a decimal text rounded to two places; empty stays empty. -->
  <xsl:template name="two-decimals">
    <xsl:param name="value"/>
    <xsl:if test="string($value)">
      <xsl:variable name="cents">
        <xsl:call-template name="cents">
          <xsl:with-param name="value" select="$value"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:call-template name="cents-as-amount">
        <xsl:with-param name="cents" select="$cents"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- quantity times price, for so many units of base, as an amount of two decimals; empty when one is unknown. -->
  <xsl:template name="line-amount">
    <xsl:param name="quantity"/>
    <xsl:param name="price"/>
    <xsl:param name="base" select="'1'"/>
    <xsl:if test="string($quantity) and string($price)">
      <xsl:variable name="cents">
        <xsl:call-template name="product-in-cents">
          <xsl:with-param name="a" select="$quantity"/>
          <xsl:with-param name="b" select="$price"/>
          <xsl:with-param name="divisor" select="$base"/>
        </xsl:call-template>
      </xsl:variable>
      <xsl:call-template name="cents-as-amount">
        <xsl:with-param name="cents" select="$cents"/>
      </xsl:call-template>
    </xsl:if>
  </xsl:template>

  <!-- The sum of amounts of two decimals: a set of elements, each holding one such amount. -->
  <xsl:template name="sum-of-amounts">
    <xsl:param name="amounts"/>
    <xsl:variable name="cents">
      <xsl:for-each select="$amounts">
        <cents><xsl:value-of select="translate(., '.', '')"/></cents>
      </xsl:for-each>
    </xsl:variable>
    <xsl:call-template name="cents-as-amount">
      <xsl:with-param name="cents">
        <xsl:call-template name="whole">
          <xsl:with-param name="number" select="sum(exsl:node-set($cents)/cents)"/>
        </xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- "201.04" as "20104": a decimal text in hundredths, rounded to a whole number. -->
  <xsl:template name="cents">
    <xsl:param name="value"/>
    <xsl:call-template name="product-in-cents">
      <xsl:with-param name="a" select="$value"/>
      <xsl:with-param name="b" select="'1'"/>
    </xsl:call-template>
  </xsl:template>

  <!-- "-20104" as "-201.04". -->
  <xsl:template name="cents-as-amount">
    <xsl:param name="cents"/>
    <xsl:variable name="digits" select="translate($cents, '-', '')"/>
    <xsl:variable name="padded" select="concat(substring('000', string-length($digits) + 1), $digits)"/>
    <xsl:if test="starts-with($cents, '-')">-</xsl:if>
    <xsl:value-of select="substring($padded, 1, string-length($padded) - 2)"/>
    <xsl:text>.</xsl:text>
    <xsl:value-of select="substring($padded, string-length($padded) - 1)"/>
  </xsl:template>

  <!-- Tell whether a text is a plain decimal: "true" or "". No blanks, no exponent, one mark at most. -->
  <xsl:template name="is-decimal">
    <xsl:param name="value"/>
    <xsl:variable name="unsigned">
      <xsl:choose>
        <xsl:when test="starts-with($value, '-') or starts-with($value, '+')">
          <xsl:value-of select="substring($value, 2)"/>
        </xsl:when>
        <xsl:otherwise><xsl:value-of select="$value"/></xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <xsl:variable name="rest" select="translate($unsigned, '0123456789', '')"/>
    <xsl:if test="($rest = '' or $rest = '.') and translate($unsigned, '.', '') != ''">true</xsl:if>
  </xsl:template>

  <!-- A percentage as a factor: "5" as "0.05", "12.5" as "0.125". -->
  <xsl:template name="percent-as-factor">
    <xsl:param name="percent"/>
    <xsl:variable name="value">
      <xsl:call-template name="checked"><xsl:with-param name="value" select="$percent"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="digits" select="translate($value, '.-', '')"/>
    <xsl:variable name="padded" select="concat(substring('000', string-length($digits) + 1), $digits)"/>
    <xsl:variable name="scale" select="string-length(substring-after($value, '.')) + 2"/>
    <xsl:variable name="longer" select="concat(substring('000', 1, $scale + 1 - string-length($padded)), $padded)"/>
    <xsl:variable name="factor" select="concat(substring($longer, 1, string-length($longer) - $scale), '.',
                                        substring($longer, string-length($longer) - $scale + 1))"/>
    <xsl:if test="starts-with($value, '-')">-</xsl:if>
    <xsl:call-template name="checked"><xsl:with-param name="value" select="$factor"/></xsl:call-template>
  </xsl:template>

  <!-- A factor as a percentage: "0.05" as "5", "0.125" as "12.5". -->
  <xsl:template name="factor-as-percent">
    <xsl:param name="factor"/>
    <xsl:variable name="value">
      <xsl:call-template name="checked"><xsl:with-param name="value" select="$factor"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="fraction" select="concat(substring-after($value, '.'), '00')"/>
    <xsl:call-template name="checked">
      <xsl:with-param name="value" select="concat(substring-before(concat($value, '.'), '.'),
                                           substring($fraction, 1, 2), '.', substring($fraction, 3), '0')"/>
    </xsl:call-template>
  </xsl:template>

  <!-- The sum of two amounts of two decimals; `sign` "-" takes the second away. -->
  <xsl:template name="add-amounts">
    <xsl:param name="a"/>
    <xsl:param name="b"/>
    <xsl:param name="sign"/>
    <xsl:variable name="first" select="number(translate($a, '.', ''))"/>
    <xsl:variable name="second" select="number(translate($b, '.', ''))"/>
    <xsl:call-template name="cents-as-amount">
      <xsl:with-param name="cents">
        <xsl:call-template name="whole">
          <xsl:with-param name="number" select="$first + $second * (1 - 2 * ($sign = '-'))"/>
        </xsl:call-template>
      </xsl:with-param>
    </xsl:call-template>
  </xsl:template>

  <!-- a times b with all its digits: "1.5" and "0.25" as "0.375". -->
  <xsl:template name="exact-product">
    <xsl:param name="a"/>
    <xsl:param name="b"/>
    <xsl:variable name="first">
      <xsl:call-template name="checked"><xsl:with-param name="value" select="$a"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="second">
      <xsl:call-template name="checked"><xsl:with-param name="value" select="$b"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="digits">
      <xsl:call-template name="product-of-digits">
        <xsl:with-param name="a" select="translate($first, '.-', '')"/>
        <xsl:with-param name="b" select="translate($second, '.-', '')"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="scale" select="string-length(substring-after($first, '.'))
                                       + string-length(substring-after($second, '.'))"/>
    <xsl:variable name="zeros" select="substring('0000000000000000000000000000', 1,
                                                 $scale + 1 - string-length($digits))"/>
    <xsl:variable name="padded" select="concat($zeros, $digits)"/>
    <xsl:variable name="whole" select="string-length($padded) - $scale"/>
    <xsl:variable name="opposite" select="starts-with($first, '-') != starts-with($second, '-')"/>
    <xsl:if test="$opposite and translate($digits, '0', '') != ''">-</xsl:if>
    <xsl:call-template name="checked">
      <xsl:with-param name="value" select="concat(substring($padded, 1, $whole), '.',
                                                  substring($padded, $whole + 1))"/>
    </xsl:call-template>
  </xsl:template>

  <!-- a times b divided by a positive divisor, in hundredths, rounded half away from zero: a whole number. -->
  <xsl:template name="product-in-cents">
    <xsl:param name="a"/>
    <xsl:param name="b"/>
    <xsl:param name="divisor" select="'1'"/>
    <xsl:variable name="checked-a">
      <xsl:call-template name="checked"><xsl:with-param name="value" select="$a"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="checked-b">
      <xsl:call-template name="checked"><xsl:with-param name="value" select="$b"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="checked-divisor">
      <xsl:call-template name="checked"><xsl:with-param name="value" select="$divisor"/></xsl:call-template>
    </xsl:variable>
    <xsl:variable name="digits">
      <xsl:call-template name="product-of-digits">
        <xsl:with-param name="a" select="translate($checked-a, '.-', '')"/>
        <xsl:with-param name="b" select="translate($checked-b, '.-', '')"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:variable name="scale" select="string-length(substring-after($checked-a, '.'))
                                       + string-length(substring-after($checked-b, '.'))"/>
    <xsl:variable name="cents">
      <xsl:choose>
        <xsl:when test="$checked-divisor = '1'">
          <xsl:call-template name="rounded-digits">
            <xsl:with-param name="digits" select="$digits"/>
            <xsl:with-param name="scale" select="$scale"/>
          </xsl:call-template>
        </xsl:when>
        <xsl:otherwise>
          <xsl:call-template name="divided-digits">
            <xsl:with-param name="digits" select="$digits"/>
            <xsl:with-param name="scale" select="$scale"/>
            <xsl:with-param name="divisor" select="$checked-divisor"/>
          </xsl:call-template>
        </xsl:otherwise>
      </xsl:choose>
    </xsl:variable>
    <xsl:variable name="opposite" select="starts-with($checked-a, '-') != starts-with($checked-b, '-')"/>
    <xsl:if test="$opposite and translate($cents, '0', '') != ''">-</xsl:if>
    <xsl:value-of select="$cents"/>
  </xsl:template>

  <!-- The value without plus sign and without zeros that say nothing ("007.50" is "7.5", ".0" is "0"). -->
  <xsl:template name="checked">
    <xsl:param name="value"/>
    <xsl:variable name="good">
      <xsl:call-template name="is-decimal"><xsl:with-param name="value" select="$value"/></xsl:call-template>
    </xsl:variable>
    <xsl:if test="$good != 'true'">
      <xsl:message terminate="yes">
        <xsl:value-of select="concat('&quot;', $value, '&quot; is not a decimal number.')"/>
      </xsl:message>
    </xsl:if>
    <xsl:variable name="whole" select="translate(substring-before(concat($value, '.'), '.'), '+-', '')"/>
    <xsl:variable name="first" select="substring(translate($whole, '0', ''), 1, 1)"/>
    <xsl:variable name="fraction">
      <xsl:call-template name="without-last-zeros">
        <xsl:with-param name="digits" select="substring-after($value, '.')"/>
      </xsl:call-template>
    </xsl:variable>
    <xsl:if test="starts-with($value, '-')">-</xsl:if>
    <xsl:choose>
      <xsl:when test="$first = ''">0</xsl:when>
      <xsl:otherwise><xsl:value-of select="concat($first, substring-after($whole, $first))"/></xsl:otherwise>
    </xsl:choose>
    <xsl:if test="$fraction != ''">.<xsl:value-of select="$fraction"/></xsl:if>
  </xsl:template>

  <xsl:template name="without-last-zeros">
    <xsl:param name="digits"/>
    <xsl:choose>
      <xsl:when test="substring($digits, string-length($digits)) = '0'">
        <xsl:call-template name="without-last-zeros">
          <xsl:with-param name="digits" select="substring($digits, 1, string-length($digits) - 1)"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$digits"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The product of two whole numbers of at most fourteen digits, as digits. Up to fifteen digits in one
       step; above, in halves of seven digits each, as on paper. -->
  <xsl:template name="product-of-digits">
    <xsl:param name="a"/>
    <xsl:param name="b"/>
    <xsl:choose>
      <xsl:when test="string-length($a) + string-length($b) &lt;= 15">
        <xsl:call-template name="whole">
          <xsl:with-param name="number" select="number($a) * number($b)"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:when test="string-length($a) &gt; 14 or string-length($b) &gt; 14">
        <xsl:message terminate="yes">
          <xsl:value-of select="concat('Too many digits to be multiplied exactly: ', $a, ' and ', $b, '.')"/>
        </xsl:message>
      </xsl:when>
      <xsl:otherwise>
        <xsl:variable name="a-low" select="number($a) mod 10000000"/>
        <xsl:variable name="a-high" select="(number($a) - $a-low) div 10000000"/>
        <xsl:variable name="b-low" select="number($b) mod 10000000"/>
        <xsl:variable name="b-high" select="(number($b) - $b-low) div 10000000"/>
        <xsl:variable name="low" select="$a-low * $b-low"/>
        <xsl:variable name="low-part" select="$low mod 10000000"/>
        <xsl:variable name="middle"
                      select="$a-high * $b-low + $a-low * $b-high + ($low - $low-part) div 10000000"/>
        <xsl:variable name="middle-part" select="$middle mod 10000000"/>
        <xsl:variable name="high" select="$a-high * $b-high + ($middle - $middle-part) div 10000000"/>
        <xsl:variable name="digits" select="concat(format-number($high, '0'), format-number($middle-part, '0000000'),
                                            format-number($low-part, '0000000'))"/>
        <xsl:variable name="first" select="substring(translate($digits, '0', ''), 1, 1)"/>
        <xsl:choose>
          <xsl:when test="$first = ''">0</xsl:when>
          <xsl:otherwise><xsl:value-of select="concat($first, substring-after($digits, $first))"/></xsl:otherwise>
        </xsl:choose>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- Digits with `scale` decimals, rounded to hundredths: the first digit that goes decides. -->
  <xsl:template name="rounded-digits">
    <xsl:param name="digits"/>
    <xsl:param name="scale"/>
    <xsl:choose>
      <xsl:when test="$scale &lt;= 2">
        <xsl:variable name="longer" select="concat($digits, substring('00', $scale + 1))"/>
        <xsl:call-template name="whole"><xsl:with-param name="number" select="number($longer)"/></xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <xsl:variable name="kept" select="string-length($digits) - ($scale - 2)"/>
        <xsl:variable name="up" select="number($kept &gt;= 0 and number(substring($digits, $kept + 1, 1)) &gt;= 5)"/>
        <xsl:choose>
          <xsl:when test="$kept &lt;= 0"><xsl:value-of select="$up"/></xsl:when>
          <xsl:otherwise>
            <xsl:call-template name="whole">
              <xsl:with-param name="number" select="number(substring($digits, 1, $kept)) + $up"/>
            </xsl:call-template>
          </xsl:otherwise>
        </xsl:choose>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- The same, divided by a positive number: a power of ten moves the decimal mark, all else is divided
       as whole numbers with remainder. -->
  <xsl:template name="divided-digits">
    <xsl:param name="digits"/>
    <xsl:param name="scale"/>
    <xsl:param name="divisor"/>
    <xsl:variable name="divisor-digits" select="translate($divisor, '.', '')"/>
    <xsl:variable name="divisor-scale" select="string-length(substring-after($divisor, '.'))"/>
    <xsl:choose>
      <xsl:when test="starts-with($divisor, '-') or translate($divisor-digits, '0', '') = ''">
        <xsl:message terminate="yes">
          <xsl:value-of select="concat('A price cannot be for &quot;', $divisor, '&quot; units.')"/>
        </xsl:message>
      </xsl:when>
      <xsl:when test="$divisor-scale = 0 and starts-with($divisor-digits, '1')
                      and translate($divisor-digits, '0', '') = '1'">
        <xsl:call-template name="rounded-digits">
          <xsl:with-param name="digits" select="$digits"/>
          <xsl:with-param name="scale" select="$scale + string-length($divisor-digits) - 1"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise>
        <!-- hundredths = digits * 10^(2 + divisor-scale) / (divisor-digits * 10^scale) -->
        <xsl:variable name="more" select="2 + $divisor-scale - $scale"/>
        <xsl:variable name="zeros" select="'00000000000000000000'"/>
        <xsl:variable name="numerator" select="concat($digits, substring($zeros, 1, $more * ($more &gt; 0)))"/>
        <xsl:variable name="denominator"
                      select="concat($divisor-digits, substring($zeros, 1, -$more * ($more &lt; 0)))"/>
        <xsl:if test="string-length($numerator) &gt; 15 or string-length($denominator) &gt; 15">
          <xsl:message terminate="yes">
            <xsl:value-of select="concat('Too many digits to be divided exactly: ', $digits, ' by ', $divisor, '.')"/>
          </xsl:message>
        </xsl:if>
        <xsl:variable name="twice" select="2 * number($numerator) + number($denominator)"/>
        <xsl:call-template name="whole">
          <xsl:with-param name="number"
                          select="($twice - $twice mod (2 * number($denominator))) div (2 * number($denominator))"/>
        </xsl:call-template>
      </xsl:otherwise>
    </xsl:choose>
  </xsl:template>

  <!-- A whole number as digits; above fifteen digits it would no longer be exact. -->
  <xsl:template name="whole">
    <xsl:param name="number"/>
    <xsl:if test="not($number &lt; 1000000000000000 and $number &gt; -1000000000000000)">
      <xsl:message terminate="yes">An amount is too large to be calculated exactly.</xsl:message>
    </xsl:if>
    <xsl:value-of select="format-number($number, '0')"/>
  </xsl:template>

</xsl:stylesheet>

package web

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/loginwall/loginwall/pages"
)

const assetPrefix = "/assets/"

// asset sends a style sheet, script or picture.
func (v *visit) asset() error {
	asset, exact, ok := v.Renderer.Asset(strings.TrimPrefix(v.req.Path, v.Base+assetPrefix))
	if !ok {
		v.show(pages.NotFound{Page: v.page()})
		return nil
	}
	h := v.w.Header()
	pages.SetAssetHeaders(h, asset)
	if !exact {
		h.Set("Cache-Control", "no-cache")
	}
	if asset.ContentType == "image/svg+xml" {
		h.Set("Content-Security-Policy", drawingSecurityPolicy)
	}
	v.transport()
	content := asset.Content
	if asset.Gzip != nil && acceptsGzip(v.r.Header) {
		h.Set("Content-Encoding", "gzip")
		content = asset.Gzip
	}
	v.write(http.StatusOK, content)
	return nil
}

// drawingSecurityPolicy lets a drawing have the styles that drawing programs write into it, and run nothing, also when it
// is opened by itself: it is a document of this origin then.
const drawingSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"

// acceptsGzip tells whether the browser takes gzip: by name, or else by * (RFC 9110, 12.5.3). A quality of 0 means no.
func acceptsGzip(h http.Header) bool {
	byName, byStar := -1.0, -1.0
	for element := range strings.SplitSeq(strings.Join(h["Accept-Encoding"], ","), ",") {
		name, parameters, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(element, " ", "")), ";")
		quality := 1.0
		if q, ok := strings.CutPrefix(parameters, "q="); ok {
			var err error
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				quality = 0 // one that cannot be read takes nothing for granted
			}
		}
		switch name {
		case "gzip", "x-gzip":
			byName = max(byName, quality)
		case "*":
			byStar = max(byStar, quality)
		}
	}
	if byName >= 0 {
		return byName > 0
	}
	return byStar > 0
}

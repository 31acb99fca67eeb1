// Checks an unpacked evidence bundle with the transparency-log code of the Go project, and none of ours.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	origin, size, root := openCheckpoint()
	entries, hashes := readEntries()
	if int64(len(entries)) != size {
		fail("the checkpoint covers %d entries, entries.jsonl holds %d", size, len(entries))
	}
	found, err := tlog.TreeHash(size, hashes)
	check(err)
	if found != root {
		fail("the entries lead to root %v, the checkpoint says %v", found, root)
	}
	tiles := checkTiles(size, hashes, entries)
	fmt.Printf("%s: %d entries lead to the signed root %v; %d tiles agree\n", origin, size, root, tiles)
}

// openCheckpoint checks the log's signature on the checkpoint and returns origin, size and root.
func openCheckpoint() (string, int64, tlog.Hash) {
	keys := strings.Split(string(read("vkey")), "\n")
	verifier, err := note.NewVerifier(keys[0])
	check(err)
	signed, err := note.Open(read("checkpoint"), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("expected origin, size and root in the checkpoint, and the origin to be %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := base64.StdEncoding.DecodeString(lines[2])
	check(err)
	var hash tlog.Hash
	if copy(hash[:], root) != tlog.HashSize || len(root) != tlog.HashSize {
		fail("expected a root of %d bytes", tlog.HashSize)
	}
	return lines[0], size, hash
}

// readEntries returns the lines of entries.jsonl and every hash of the tree over them (RFC 6962).
func readEntries() ([][]byte, tlog.HashReaderFunc) {
	var entries [][]byte
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for place, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, fmt.Errorf("hash %d is not known", index)
			}
			found[place] = stored[index]
		}
		return found, nil
	})
	file, err := os.Open("entries.jsonl")
	check(err)
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<16)
	for lines.Scan() {
		entry := append([]byte(nil), lines.Bytes()...)
		more, err := tlog.StoredHashes(int64(len(entries)), entry, reader)
		check(err)
		entries, stored = append(entries, entry), append(stored, more...)
	}
	check(lines.Err())
	return entries, reader
}

// checkTiles compares every tile of hashes and entries (C2SP tlog-tiles, height 8) with what the entries make.
func checkTiles(size int64, hashes tlog.HashReader, entries [][]byte) int {
	count := 0
	for _, tile := range tilesOf(size) {
		expected, err := tlog.ReadTileData(tile, hashes)
		check(err)
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		compare(path, expected)
		count++
		if tile.L > 0 {
			continue
		}
		var bundle []byte
		for _, entry := range entries[tile.N*256 : tile.N*256+int64(tile.W)] {
			bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
			bundle = append(bundle, entry...)
		}
		compare("tile/entries/"+strings.TrimPrefix(path, "tile/0/"), bundle)
		count++
	}
	return count
}

// tilesOf lists the full tiles of each level and the one that is not full yet.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := 0; size > 0; level, size = level+1, size/256 {
		for index := int64(0); index < size/256; index++ {
			tiles = append(tiles, tlog.Tile{H: 8, L: level, N: index, W: 256})
		}
		if size%256 > 0 {
			tiles = append(tiles, tlog.Tile{H: 8, L: level, N: size / 256, W: int(size % 256)})
		}
	}
	return tiles
}

func compare(path string, expected []byte) {
	if !bytes.Equal(read(path), expected) {
		fail("%s is not what the entries make", path)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	check(err)
	return data
}

func check(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func fail(format string, values ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
